//! Comparisons of many values at once, the answers being bits.

use multiversion::multiversion;
use multiversion::target::match_target;

/// Sets the bits of the values between `lo` and `lo + span`, where `present` has one too.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(in super::super) fn between_u8(values: &[u8], lo: u8, span: u8, present: Option<&[u64]>, out: &mut [u64]) {
    let of_64 = match_target! {
        "x86_64+avx512f+avx512bw" => |block: &[u8; 64]| wide::between_u8(block, lo, span),
        _ => |block: &[u8; 64]| compared(block, |v| v.wrapping_sub(lo) <= span),
    };
    between(values, of_64, |v| v.wrapping_sub(lo) <= span, present, out);
}

/// As [`between_u8`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(in super::super) fn between_u16(values: &[u16], lo: u16, span: u16, present: Option<&[u64]>, out: &mut [u64]) {
    let of_64 = match_target! {
        "x86_64+avx512f+avx512bw" => |block: &[u16; 64]| wide::between_u16(block, lo, span),
        _ => |block: &[u16; 64]| compared(block, |v| v.wrapping_sub(lo) <= span),
    };
    between(values, of_64, |v| v.wrapping_sub(lo) <= span, present, out);
}

/// As [`between_u8`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(in super::super) fn between_u32(values: &[u32], lo: u32, span: u32, present: Option<&[u64]>, out: &mut [u64]) {
    let of_64 = match_target! {
        "x86_64+avx512f+avx512bw" => |block: &[u32; 64]| wide::between_u32(block, lo, span),
        _ => |block: &[u32; 64]| compared(block, |v| v.wrapping_sub(lo) <= span),
    };
    between(values, of_64, |v| v.wrapping_sub(lo) <= span, present, out);
}

/// As [`between_u8`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(in super::super) fn between_u64(values: &[u64], lo: u64, span: u64, present: Option<&[u64]>, out: &mut [u64]) {
    let of_64 = match_target! {
        "x86_64+avx512f+avx512bw" => |block: &[u64; 64]| wide::between_u64(block, lo, span),
        _ => |block: &[u64; 64]| compared(block, |v| v.wrapping_sub(lo) <= span),
    };
    between(values, of_64, |v| v.wrapping_sub(lo) <= span, present, out);
}

/// Values of 40 bits after they have been shifted: the upper 16, the next 16, and the lowest 8.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Planes<'v> {
    pub high: &'v [u16],
    pub middle: &'v [u16],
    pub low: &'v [u8],
    pub shift: u32,
}

/// A value of 40 bits.
#[inline(always)]
pub(in super::super) fn joined(high: u16, middle: u16, low: u8) -> u64 {
    u64::from(high) << 24 | u64::from(middle) << 8 | u64::from(low)
}

/// What the upper bits of values say of bounds.
#[derive(Debug, Clone, Copy)]
struct Upper {
    /// Those from `inside` to `inside + span` lie between the bounds, if there are any.
    inside: u16,
    span: Option<u16>,
    /// Of these the rest has to be looked at; one may stand for both.
    edges: (u16, u16),
}

impl Upper {
    #[expect(clippy::cast_possible_truncation, reason = "40 bits without their lowest 24")]
    fn of(lo: u64, hi: u64) -> Self {
        let (from, to) = ((lo >> 24) as u16, (hi >> 24) as u16);
        // Of what lies at an end all is inside: the least value stands for empty places too, and the latest instants are many.
        let inside = if lo == 0 { 0 } else { u32::from(from) + 1 };
        let beyond = if hi == u64::MAX { 1 << 16 } else { u32::from(to) };
        let edges = (if lo == 0 { to } else { from }, if hi == u64::MAX { from } else { to });
        let span = beyond.checked_sub(inside + 1).map(|span| span as u16);
        Self { inside: inside as u16, span, edges }
    }
}

/// As [`between_u8`], for values between `lo` and `hi`, of 40 bits. The upper ones decide for nearly all; only where they equal those of a
/// bound is the rest looked at. `hi` is `u64::MAX` where nothing is above it; there must be something outside of the bounds.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(in super::super) fn between_u40(values: Planes<'_>, (lo, hi): (u64, u64), present: Option<&[u64]>, out: &mut [u64]) {
    let lo = lo << values.shift;
    let hi = if hi == u64::MAX { hi } else { hi << values.shift };
    let upper = Upper::of(lo, hi);
    let plain = |block: &[u16]| {
        let inside = upper.span.map_or(0, |span| compared(block, |v| v.wrapping_sub(upper.inside) <= span));
        (inside, compared(block, |v| v == upper.edges.0 || v == upper.edges.1))
    };
    let of_64 = match_target! {
        "x86_64+avx512f+avx512bw" => |block: &[u16; 64]| wide::upper(block, upper),
        _ => |block: &[u16; 64]| plain(block),
    };
    for ((at, block), target) in (0..).step_by(64).zip(values.high.chunks(64)).zip(out.iter_mut()) {
        let present = present.map_or(u64::MAX, |p| p.get(at / 64).copied().unwrap_or(0));
        let (mut word, edges) = if let Ok(block) = <&[u16; 64]>::try_from(block) { of_64(block) } else { plain(block) };
        let mut edges = edges & present;
        while edges != 0 {
            let place = at + edges.trailing_zeros() as usize;
            let edge = edges & edges.wrapping_neg();
            edges ^= edge;
            if let (Some(high), Some(middle), Some(low)) =
                (values.high.get(place), values.middle.get(place), values.low.get(place))
            {
                let value = joined(*high, *middle, *low);
                word |= if lo <= value && value <= hi { edge } else { 0 };
            }
        }
        *target |= word & present;
    }
}

/// Sets the bits of the values for which a table has another number than 0, and nothing beyond its end.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(in super::super) fn known_u8(values: &[u8], table: &[u8], present: Option<&[u64]>, out: &mut [u64]) {
    // Of all values that there can be, so that nothing has to be compared with its end.
    let mut whole = [0; 1 << 8];
    whole.iter_mut().zip(table).for_each(|(whole, known)| *whole = *known);
    #[expect(clippy::indexing_slicing, reason = "as long as there are values")]
    between(values, |block| compared(block, |v| whole[usize::from(v)] != 0), |v| whole[usize::from(v)] != 0, present, out);
}

/// As [`known_u8`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(in super::super) fn known_u16(values: &[u16], table: &[u8], present: Option<&[u64]>, out: &mut [u64]) {
    let mut whole = vec![0; 1 << 16];
    whole.iter_mut().zip(table).for_each(|(whole, known)| *whole = *known);
    let Some(whole) = whole.first_chunk::<{ 1 << 16 }>() else { return };
    #[expect(clippy::indexing_slicing, reason = "as long as there are values")]
    between(values, |block| compared(block, |v| whole[usize::from(v)] != 0), |v| whole[usize::from(v)] != 0, present, out);
}

/// Which numbers lie between two others.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn between_i64(values: &[i64], lo: i64, hi: i64, out: &mut Vec<u64>) {
    let of_64 = match_target! {
        "x86_64+avx512f+avx512bw" => |block: &[i64; 64]| wide::between_i64(block, lo, hi),
        _ => |block: &[i64; 64]| compared(block, |v| lo <= v && v <= hi),
    };
    out.clear();
    out.resize(values.len().div_ceil(64), 0);
    between(values, of_64, |v| lo <= v && v <= hi, None, out);
}

/// Which counts lie between two others.
pub(crate) fn between_counts(values: &[u32], lo: u32, hi: u32, out: &mut Vec<u64>) {
    out.clear();
    out.resize(values.len().div_ceil(64), 0);
    if let Some(span) = hi.checked_sub(lo) {
        between_u32(values, lo, span, None, out);
    }
}

/// How numbers compare with others after both are multiplied: which are less, and which are equal. Products have to fit.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+popcnt+bmi1+bmi2", "x86_64+avx2+popcnt+bmi1+bmi2"))]
pub(crate) fn compared_scaled((a, left): (&[i64], i64), (b, right): (&[i64], i64), less: &mut Vec<u64>, equal: &mut Vec<u64>) {
    let plain = |a: &[i64], b: &[i64]| {
        let scaled = |of: &[i64], by: i64, at: usize| of.get(at).copied().unwrap_or(0).wrapping_mul(by);
        (0..a.len().min(b.len()).min(64)).fold((0, 0), |(less, equal), at| {
            let (a, b) = (scaled(a, left, at), scaled(b, right, at));
            (less | u64::from(a < b) << at, equal | u64::from(a == b) << at)
        })
    };
    let of_64 = match_target! {
        "x86_64+avx512f+avx512dq" => |a: &[i64; 64], b: &[i64; 64]| wide::compared_scaled((a, left), (b, right)),
        _ => |a: &[i64; 64], b: &[i64; 64]| plain(a, b),
    };
    less.clear();
    equal.clear();
    for (a, b) in a.chunks(64).zip(b.chunks(64)) {
        let (l, e) = match (a.first_chunk(), b.first_chunk()) {
            (Some(a), Some(b)) => of_64(a, b),
            _ => plain(a, b),
        };
        less.push(l);
        equal.push(e);
    }
}

/// Compares 64 values at a time, and what is left at the end.
#[inline(always)]
fn between<T: Copy>(
    values: &[T],
    of_64: impl Fn(&[T; 64]) -> u64,
    passes: impl Fn(T) -> bool,
    present: Option<&[u64]>,
    out: &mut [u64],
) {
    for (at, (block, target)) in values.chunks(64).zip(out.iter_mut()).enumerate() {
        let found = if let Ok(block) = <&[T; 64]>::try_from(block) { of_64(block) } else { compared(block, &passes) };
        *target |= found & present.map_or(u64::MAX, |p| p.get(at).copied().unwrap_or(0));
    }
}

/// Up to 64 values as bits.
#[inline(always)]
pub(super) fn compared<T: Copy>(block: &[T], passes: impl Fn(T) -> bool) -> u64 {
    let mut word = 0;
    if let Ok(block) = <&[T; 64]>::try_from(block) {
        for (bit, value) in block.iter().enumerate() {
            word |= u64::from(passes(*value)) << bit;
        }
    } else {
        for (bit, value) in block.iter().enumerate() {
            word |= u64::from(passes(*value)) << bit;
        }
    }
    word
}

/// 64 values in registers: comparisons make masks. Without closures, which are no part of what a function of the standard library is compiled
/// for.
#[cfg(target_arch = "x86_64")]
pub(super) mod wide {
    use std::arch::x86_64::{
        __m512i, _mm512_cmpeq_epi16_mask, _mm512_cmpeq_epi32_mask, _mm512_cmpeq_epi64_mask, _mm512_cmple_epi64_mask,
        _mm512_cmple_epu8_mask, _mm512_cmple_epu16_mask, _mm512_cmple_epu32_mask, _mm512_cmple_epu64_mask,
        _mm512_cmplt_epi64_mask, _mm512_mullo_epi64, _mm512_set1_epi8, _mm512_set1_epi16, _mm512_set1_epi32, _mm512_set1_epi64,
        _mm512_sub_epi8, _mm512_sub_epi16, _mm512_sub_epi32, _mm512_sub_epi64, _mm512_test_epi32_mask,
    };

    use super::Upper;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn between_u8(block: &[u8; 64], lo: u8, span: u8) -> u64 {
        let (lo, span) = (_mm512_set1_epi8(lo.cast_signed()), _mm512_set1_epi8(span.cast_signed()));
        _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytemuck::cast(*block), lo), span)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn between_u16(block: &[u16; 64], lo: u16, span: u16) -> u64 {
        let (lo, span) = (_mm512_set1_epi16(lo.cast_signed()), _mm512_set1_epi16(span.cast_signed()));
        let [a, b]: [__m512i; 2] = bytemuck::cast(*block);
        let a = _mm512_cmple_epu16_mask(_mm512_sub_epi16(a, lo), span);
        let b = _mm512_cmple_epu16_mask(_mm512_sub_epi16(b, lo), span);
        u64::from(a) | u64::from(b) << 32
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn between_u32(block: &[u32; 64], lo: u32, span: u32) -> u64 {
        let (lo, span) = (_mm512_set1_epi32(lo.cast_signed()), _mm512_set1_epi32(span.cast_signed()));
        let parts: [__m512i; 4] = bytemuck::cast(*block);
        let mut word = 0;
        for v in parts.iter().rev() {
            word = word << 16 | u64::from(_mm512_cmple_epu32_mask(_mm512_sub_epi32(*v, lo), span));
        }
        word
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn between_u64(block: &[u64; 64], lo: u64, span: u64) -> u64 {
        let (lo, span) = (_mm512_set1_epi64(lo.cast_signed()), _mm512_set1_epi64(span.cast_signed()));
        let parts: [__m512i; 8] = bytemuck::cast(*block);
        let mut word = 0;
        for v in parts.iter().rev() {
            word = word << 8 | u64::from(_mm512_cmple_epu64_mask(_mm512_sub_epi64(*v, lo), span));
        }
        word
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn between_i64(block: &[i64; 64], lo: i64, hi: i64) -> u64 {
        let (lo, hi) = (_mm512_set1_epi64(lo), _mm512_set1_epi64(hi));
        let parts: [__m512i; 8] = bytemuck::cast(*block);
        let mut word = 0;
        for v in parts.iter().rev() {
            word = word << 8 | u64::from(_mm512_cmple_epi64_mask(lo, *v) & _mm512_cmple_epi64_mask(*v, hi));
        }
        word
    }

    /// Which lie between the bounds, and which are on an edge.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn upper(block: &[u16; 64], upper: Upper) -> (u64, u64) {
        let inside = if let Some(span) = upper.span { between_u16(block, upper.inside, span) } else { 0 };
        let (first, second) = (_mm512_set1_epi16(upper.edges.0.cast_signed()), _mm512_set1_epi16(upper.edges.1.cast_signed()));
        let [a, b]: [__m512i; 2] = bytemuck::cast(*block);
        let a = _mm512_cmpeq_epi16_mask(a, first) | _mm512_cmpeq_epi16_mask(a, second);
        let b = _mm512_cmpeq_epi16_mask(b, first) | _mm512_cmpeq_epi16_mask(b, second);
        (inside, u64::from(a) | u64::from(b) << 32)
    }

    /// Which are less, and which are equal, after both are multiplied.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub fn compared_scaled((a, left): (&[i64; 64], i64), (b, right): (&[i64; 64], i64)) -> (u64, u64) {
        let (left, right) = (_mm512_set1_epi64(left), _mm512_set1_epi64(right));
        let (a, b): ([__m512i; 8], [__m512i; 8]) = (bytemuck::cast(*a), bytemuck::cast(*b));
        let (mut less, mut equal) = (0, 0);
        for (a, b) in a.iter().zip(&b).rev() {
            let (a, b) = (_mm512_mullo_epi64(*a, left), _mm512_mullo_epi64(*b, right));
            less = less << 8 | u64::from(_mm512_cmplt_epi64_mask(a, b));
            equal = equal << 8 | u64::from(_mm512_cmpeq_epi64_mask(a, b));
        }
        (less, equal)
    }

    /// Which have bits in common.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn have_any(block: &[u32; 64], bits: u32) -> u64 {
        let bits = _mm512_set1_epi32(bits.cast_signed());
        let parts: [__m512i; 4] = bytemuck::cast(*block);
        let mut word = 0;
        for v in parts.iter().rev() {
            word = word << 16 | u64::from(_mm512_test_epi32_mask(*v, bits));
        }
        word
    }

    /// Which are equal.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn equal(a: &[u32; 64], b: &[u32; 64]) -> u64 {
        let (a, b): ([__m512i; 4], [__m512i; 4]) = (bytemuck::cast(*a), bytemuck::cast(*b));
        let mut word = 0;
        for (a, b) in a.iter().zip(&b).rev() {
            word = word << 16 | u64::from(_mm512_cmpeq_epi32_mask(*a, *b));
        }
        word
    }
}
