use super::*;
use proptest::prelude::*;

fn check(values: &[Option<i64>], lo: i64, hi: i64) {
    let bytes = encode(values);
    let column = IntColumn::decode(&bytes).unwrap();
    assert_eq!(column.len(), values.len());
    for (slot, value) in values.iter().enumerate() {
        assert_eq!(column.get(slot), *value, "slot {slot}");
        assert_eq!(column.is_from(slot, lo), value.is_some_and(|value| value >= lo), "slot {slot}");
    }
    assert_eq!(column.get(values.len()), None);
    let mut out = vec![0; values.len().div_ceil(64)];
    column.scan(lo, hi, &mut out);
    let expected = presence_words(values.len(), |s| values[s].is_some_and(|v| lo <= v && v <= hi));
    assert_eq!(out, expected, "{lo}..={hi}");
    let slots = values.len() / 3..values.len() - values.len() / 5;
    for among in [None, Some(out.as_slice())] {
        let own: Vec<(usize, i64)> = slots
            .clone()
            .filter(|slot| among.is_none_or(|among| bit(among, *slot)))
            .filter_map(|slot| Some((slot, values[slot]?)))
            .collect();
        let mut room = Vec::new();
        if let Some(packed) = column.packed(&mut room) {
            for (slot, value) in &own {
                assert_eq!(column.unpacked(packed[*slot].into()), *value);
            }
        }
        let mut seen = Vec::new();
        column.each(slots.clone().filter(|slot| among.is_none_or(|among| bit(among, *slot))), |slot, v| seen.push((slot, v)));
        assert_eq!(seen, own);
    }
    if column.domain() < 100_000 {
        let mut found = vec![0; values.len().div_ceil(64)];
        column.scan_domain(|v| lo <= v && v <= hi, &mut found);
        assert_eq!(found, expected);
        let first = column.bounds().0.saturating_sub(3);
        let answers: Vec<u8> = (first..).take(100_000).map(|v| u8::from(lo <= v && v <= hi)).collect();
        found.fill(0);
        assert_eq!(column.scan_answers(first, &answers, &mut found), column.unit == 1);
        assert!(column.unit != 1 || found == expected);
        assert!(!column.scan_answers(column.bounds().0.saturating_add(1), &answers, &mut found) || column.base == i64::MAX);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_column_comes_back(
        base in any::<i64>(), unit in prop_oneof![Just(1_i64), Just(1000), Just(86_400_000)],
        steps in prop_oneof![
            prop::collection::vec(prop::option::weighted(0.7, 0_i64..70_000), 0..300),
            prop::collection::vec(prop::option::weighted(0.9, 0_i64..0x30_0000_0000), 0..300),
            prop::collection::vec(Just(Some(7_i64)), 0..100),
        ],
        sparse in any::<bool>(), lo in -100_i64..70_100, length in -5_i64..70_000,
    ) {
        let values: Vec<Option<i64>> = steps.iter().enumerate()
            .map(|(i, s)| s.filter(|_| !sparse || i % 9 == 0).map(|s| base.wrapping_add(s.wrapping_mul(unit)))).collect();
        let lo = base.wrapping_add(lo.wrapping_mul(unit)).wrapping_add(1);
        check(&values, lo, lo.wrapping_add(length.wrapping_mul(unit)));
        check(&values, i64::MIN, i64::MAX);
        // Bounds that are values, or next to them.
        let known: Vec<i64> = values.iter().flatten().copied().collect();
        for pair in known.chunks(2).take(8) {
            let (a, b) = (pair[0], pair[pair.len() - 1]);
            check(&values, a.min(b), a.max(b));
            check(&values, a.min(b).saturating_add(1), a.max(b).saturating_sub(1));
            check(&values, a, i64::MAX);
            check(&values, i64::MIN, b);
        }
    }

    #[test]
    fn damaged_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), flips in prop::collection::vec((0_usize..400, any::<u8>()), 0..6)) {
        let mut whole = encode(&[Some(1), None, Some(70_000), Some(-5)]);
        for (at, byte) in flips {
            if let Some(slot) = whole.get_mut(at) { *slot = byte; }
            if let Some(slot) = bytes.get_mut(at) { *slot = byte; }
        }
        for bytes in [whole, bytes] {
            if let Some(column) = IntColumn::decode(&bytes) {
                let mut out = vec![0; 8];
                column.scan(0, 100, &mut out);
                for slot in 0..5 { let _ = column.get(slot); }
            }
        }
    }
}

proptest! {
    #[test]
    fn those_of_a_range_that_ascends(
        steps in prop::collection::vec(prop_oneof![Just(0_i64), 1_i64..90, 1_000_000_i64..0x8000_0000], 1..60),
        unit in prop_oneof![Just(1_i64), Just(1000)], from in 0_usize..60, len in 0_usize..60, at in 0_usize..60, length in 0_i64..0x80_0000_0000, off in -1_i64..2,
    ) {
        let values: Vec<i64> = steps.iter().scan(1_700_000_000_000, |sum, step| { *sum += step * unit; Some(*sum) }).collect();
        let bytes = encode(&values.iter().copied().map(Some).collect::<Vec<_>>());
        let column = IntColumn::decode(&bytes).unwrap();
        let from = from.min(values.len());
        let range = from..(from + len).min(values.len());
        let lo = values[at.min(values.len() - 1)] + off;
        for (lo, hi) in [(lo, lo + length), (i64::MIN, lo), (lo, i64::MAX), (i64::MIN, i64::MAX), (lo, lo)] {
            let found = column.ascending_in(range.clone(), lo, hi);
            let expected: Vec<usize> = range.clone().filter(|place| lo <= values[*place] && values[*place] <= hi).collect();
            prop_assert_eq!(found.clone().collect::<Vec<_>>(), expected, "{:?} {} {}", range, lo, hi);
        }
    }
}

#[test]
fn many_values_of_a_small_domain() {
    for (most, holes) in [(200, false), (200, true), (50_000, false), (50_000, true)] {
        let values: Vec<Option<i64>> = (0..20_001_i64)
            .map(|n| (!holes || n % 3 > 0).then_some(7 + n * n * 31 % most))
            .chain([Some(7), Some(6 + most)])
            .collect();
        let bytes = encode(&values);
        let column = IntColumn::decode(&bytes).unwrap();
        let mut found = vec![0; values.len().div_ceil(64)];
        column.scan_domain(|v| v % 5 == 2, &mut found);
        assert_eq!(found, presence_words(values.len(), |slot| values[slot].is_some_and(|v| v % 5 == 2)), "{most} {holes}");
    }
}

#[test]
fn extremes_fit() {
    check(&[Some(i64::MIN), Some(i64::MAX), None], i64::MIN, 0);
    check(&[Some(i64::MIN), Some(i64::MAX)], i64::MAX, i64::MAX);
    check(&[], 0, 1);
    check(&[None, None], 0, 0);
}
