//! The answers for one contact: they agree with the executor, and the changes ahead come when they are said to come.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segql::check::typed::{RankedId, SegmentId};
use segql::check::{Checked, Options, check};
use segql::exec::{Cancel, Engine, evaluate};
use segql::plan::{Wanted, lower_wanted};
use segql::row::{Change, Cutoffs, Profile, Setting};
use segql::syntax::Sources;
use segql::time::{Clock, format_instant};

use super::{data, scripts, setting};

/// Segments of one script.
const SEGMENTS: usize = 8;

#[test]
fn reasons_agree_and_changes_come_to_the_millisecond() {
    if let Some(seed) = setting("SEGQL_ORACLE_SEED") {
        case(seed);
        return;
    }
    let first = setting("SEGQL_ORACLE_FIRST").unwrap_or(1);
    let cases = setting("SEGQL_ORACLE_CASES").unwrap_or(80).div_ceil(SEGMENTS as u64);
    let changes: u64 = (first..first + cases).map(case).sum();
    assert!(changes > cases, "{changes} changes only");
}

/// Checks a world, and says how many changes there were.
fn case(seed: u64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let world = data::World::random(&mut rng);
    let store = world.load(&mut rng);
    let snapshot = store.snapshot().unwrap();
    let engine = Engine::new(&snapshot);
    let text = scripts::script(&mut rng, &world, SEGMENTS);
    let mut sources = Sources::default();
    let entry = sources.add("random.seg", &text);
    let checked: Checked =
        check(&mut sources, entry, Options { schema: &world.schema, overrides: &[], read: &|_| Ok(scripts::LIST.to_owned()) });
    let program = &checked.program;
    let clock = Clock { now: world.now, zone: world.schema.timezone };
    let sets = |wanted: &[Wanted]| {
        evaluate(&engine, &lower_wanted(program, wanted, &world.schema, &clock), &clock, &Cancel::default()).unwrap()
    };
    let rankings: Vec<Wanted> = (0_u32..).map(RankedId).take(program.ranked.len()).map(Wanted::Ranked).collect();
    let rankings = sets(&rankings);
    let members = sets(&checked.own.iter().copied().map(Wanted::Segment).collect::<Vec<_>>());
    let mut changes = 0;
    for profile in &world.profiles {
        let number = snapshot.find(&profile.id).unwrap().unwrap();
        let stored = snapshot.profile(&profile.id).unwrap().unwrap();
        let cutoffs = Cutoffs::known(rankings.iter().map(|set| set.contains(number)));
        let setting = Setting { schema: &world.schema, program, clock, cutoffs: &cutoffs };
        let answers = stored.which(&setting);
        for (at, id) in checked.own.iter().enumerate() {
            let why = stored.why(&setting, *id).unwrap();
            let line = text.lines().find(|l| l.starts_with(&format!("segment s{at} "))).unwrap_or_default();
            let place = || format!("seed {seed}, now {}: `{line}` for {profile:?}", format_instant(clock.now, clock.zone));
            assert_eq!(why.holds, members[at].contains(number), "{}", place());
            assert_eq!(why.holds, answers.segments[id.0 as usize], "{}", place());
            assert_eq!((why.reason.holds, why.reason.span), (why.holds, program.segments[id.0 as usize].condition.span));
            let later = |now: i64| holds(&stored, &setting, *id, now);
            let until = match why.change {
                Change::At(then) => {
                    changes += 1;
                    assert!(then > clock.now);
                    let before = format_instant(then - 1, clock.zone);
                    assert_eq!(later(then - 1), why.holds, "changed already at {before}, {}", place());
                    assert_ne!(later(then), why.holds, "no change after {before}, {}", place());
                    then
                }
                Change::NotBefore(then) => then,
                Change::Never | Change::Others => clock.now + 40 * 366 * 86_400_000,
            };
            // Nothing happens before, neither soon nor late, nor around midnights and ends of windows.
            for _ in 0..30 {
                let span = (until - clock.now).min([1_000, 100_000_000, 3_000_000_000, i64::MAX][rng.random_range(0..4)]).max(1);
                let mut now = clock.now + rng.random_range(0..span);
                if rng.random_bool(0.5) {
                    now = data::edge(&mut rng, &stored, now, &clock);
                }
                if clock.now <= now && now < until {
                    let moment = format_instant(now, clock.zone);
                    assert_eq!(later(now), why.holds, "{:?}, and there is a change by {moment}, {}", why.change, place());
                }
            }
        }
        for (at, decision) in program.decisions.iter().enumerate() {
            let id = segql::check::typed::DecisionId(u32::try_from(at).unwrap());
            let decided = stored.decide(&setting, id).unwrap();
            let label = answers.labels[at].map(|l| decision.labels[l as usize].clone());
            assert_eq!(Some(decided.matched.label.clone()), label);
            if let Change::At(then) = decided.change {
                let at_then = |now| {
                    stored.which(&Setting { clock: Clock { now, ..clock }, ..setting }).labels[at]
                        .map(|l| decision.labels[l as usize].clone())
                };
                assert_eq!((at_then(then - 1), at_then(then)), (label, decided.next.clone()), "seed {seed}, decision {at}");
                assert_ne!(decided.next, Some(decided.matched.label));
            }
        }
    }
    changes
}

fn holds(profile: &Profile, setting: &Setting<'_>, segment: SegmentId, now: i64) -> bool {
    let setting = Setting { clock: Clock { now, ..setting.clock }, ..*setting };
    profile.which(&setting).segments[segment.0 as usize]
}
