//! All texts an event can hold, numbered.

use super::alias::Alias;
use super::words;
use crate::value::{Folding, fold};

/// Channels of messages, in the order of their numbers.
pub const CHANNELS: [&str; 3] = ["mail", "sms", "push"];
/// Pages that show neither a product nor a destination.
const PAGES: [&str; 4] =
    ["https://sklep.example/", "https://sklep.example/promocje", "https://sklep.example/nowosci", "https://sklep.example/koszyk"];

/// Texts by number, and where each kind of text begins.
#[derive(Debug)]
pub struct Vocabulary {
    /// The texts.
    pub texts: Vec<String>,
    /// First number of [`CHANNELS`].
    pub channels: u32,
    /// First number of the campaigns; their links follow from `campaign_links` on, in the same order.
    pub campaigns: u32,
    /// First number of the links of campaigns.
    pub campaign_links: u32,
    /// First number of the products; `product_links` likewise.
    pub products: u32,
    /// First number of the pages of products.
    pub product_links: u32,
    /// First number of the categories of the products of [`words::PRODUCTS`], one for each (repeated).
    pub categories: u32,
    /// First number of the shops.
    pub shops: u32,
    /// First number of the destinations; `destination_links` likewise.
    pub destinations: u32,
    /// First number of the pages of destinations.
    pub destination_links: u32,
    /// First number of the clinics.
    pub clinics: u32,
    /// First number of what transactions are for.
    pub spending: u32,
    /// First number of the other pages.
    pub pages: u32,
    /// How the popularity of each kind falls.
    pub popular: Popular,
}

/// Zipf-like tables over positions.
#[derive(Debug)]
pub struct Popular {
    /// Products.
    pub products: Alias,
    /// Shops that are not online.
    pub shops: Alias,
    /// Destinations.
    pub destinations: Alias,
    /// Clinics.
    pub clinics: Alias,
    /// Spending.
    pub spending: Alias,
    /// Campaigns that run all the time.
    pub campaigns: Alias,
    /// Other pages.
    pub pages: Alias,
}

impl Vocabulary {
    /// The texts for a history with these months (`2025-10`).
    pub fn new(months: &[(i32, String)]) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut add = |list: &[String]| {
            let first = texts.len() as u32;
            texts.extend_from_slice(list);
            first
        };
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let links = |prefix: &str, list: &[String]| list.iter().map(|s| format!("{prefix}{}", slug(s))).collect::<Vec<_>>();

        let mut campaigns = owned(&words::CAMPAIGNS);
        for (_, month) in months {
            campaigns.push(format!("oferta-{month}"));
            campaigns.push(format!("newsletter-{month}"));
        }
        let products: Vec<String> = words::LINES
            .iter()
            .flat_map(|line| words::PRODUCTS.iter().map(move |(_, name, _)| format!("{name} {line}").trim_end().to_owned()))
            .collect();
        let destinations: Vec<String> = words::DESTINATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let categories: Vec<String> = words::PRODUCTS.iter().map(|(category, ..)| (*category).to_owned()).collect();
        let spending: Vec<String> = words::SPENDING.iter().map(|(name, _)| (*name).to_owned()).collect();
        Self {
            channels: add(&owned(&CHANNELS)),
            campaign_links: add(&links("https://sklep.example/k/", &campaigns)),
            campaigns: add(&campaigns),
            product_links: add(&links("https://sklep.example/produkt/", &products)),
            popular: Popular {
                products: Alias::zipf(products.len(), 0.9),
                shops: Alias::zipf(words::SHOPS.len().saturating_sub(2), 0.7),
                destinations: Alias::zipf(destinations.len(), 0.9),
                clinics: Alias::zipf(words::CLINICS.len(), 0.8),
                spending: Alias::zipf(spending.len(), 0.8),
                campaigns: Alias::zipf(words::CAMPAIGNS.len(), 0.6),
                pages: Alias::zipf(PAGES.len(), 1.0),
            },
            products: add(&products),
            categories: add(&categories),
            shops: add(&owned(&words::SHOPS)),
            destination_links: add(&links("https://podroze.example/kierunki/", &destinations)),
            destinations: add(&destinations),
            clinics: add(&owned(&words::CLINICS)),
            spending: add(&spending),
            pages: add(&owned(&PAGES)),
            texts,
        }
    }

    /// A text by its number.
    pub fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }
}

/// `text` as part of an address: plain lower-case letters and hyphens.
pub fn slug(text: &str) -> String {
    fold(text, Folding { case: true, accents: true }).replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_to_their_texts() {
        let words = Vocabulary::new(&[(0, "2025-10".to_owned())]);
        assert_eq!(words.text(words.products), "buty biegowe");
        assert_eq!(words.text(words.product_links), "https://sklep.example/produkt/buty-biegowe");
        assert_eq!(words.text(words.campaigns + 8), "oferta-2025-10");
        assert_eq!(words.text(words.destinations), "Hiszpania");
        assert_eq!(words.text(words.categories + 6), "odzież");
        assert_eq!(slug("Łódź Śródmieście"), "lodz-srodmiescie");
    }
}
