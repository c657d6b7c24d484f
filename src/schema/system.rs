//! The events of messaging itself, which exist without being declared.

use super::{Column, ColumnType, EventKind, EventType, Scalar};

/// Name, whether it carries a `url`, and what it says, in the order in which stores number them.
const SYSTEM_EVENTS: [(&str, bool, &str); 12] = [
    ("MailSent", false, "a mail was sent to the contact"),
    ("MailDelivered", false, "a mail reached the contact's mailbox"),
    ("MailOpen", false, "the contact opened a mail"),
    ("MailClick", true, "the contact clicked a link in a mail"),
    ("MailBounce", false, "a mail could not be delivered"),
    ("SmsSent", false, "a text message was sent to the contact"),
    ("SmsDelivered", false, "a text message reached the contact's phone"),
    ("SmsClick", true, "the contact followed a link in a text message"),
    ("PushSent", false, "a push notification was sent to the contact"),
    ("PushOpen", false, "the contact opened a push notification"),
    ("PushClick", true, "the contact followed a link in a push notification"),
    ("Unsubscribe", false, "the contact withdrew from a channel"),
];

/// The system events with their attributes: `campaign`, `message_id`, `channel`, and `url` where a link is followed.
#[must_use]
pub fn system_events() -> Vec<EventType> {
    SYSTEM_EVENTS
        .iter()
        .map(|&(name, has_url, description)| EventType {
            name: name.to_owned(),
            kind: EventKind::System,
            description: Some(description.to_owned()),
            attributes: ["campaign", "message_id", "channel"]
                .into_iter()
                .chain(has_url.then_some("url"))
                .map(|attribute| Column::new(attribute, ColumnType::Scalar(Scalar::Text)))
                .collect(),
        })
        .collect()
}
