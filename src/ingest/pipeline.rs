//! Work on several threads, results in order: one thread produces jobs, some work, the caller consumes. At most a few
//! jobs are under way, so memory stays bounded however uneven they are.

use std::collections::BTreeMap;

use super::IngestError;

/// Runs `work` on every job and hands the results to `consume` in the order of the jobs. At most `most` jobs are under way,
/// for those whose results are large.
pub(super) fn run<J, R, E>(
    jobs: impl Iterator<Item = Result<J, IngestError>> + Send,
    most: usize,
    work: impl Fn(J) -> Result<R, IngestError> + Sync,
    mut consume: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E>
where
    J: Send,
    R: Send,
    E: From<IngestError>,
{
    let workers = rayon::current_num_threads().max(1);
    let under_way = (workers * 2 + 1).min(most.max(1));
    std::thread::scope(|scope| {
        let (job_sender, job_receiver) = crossbeam_channel::bounded::<(u64, J)>(under_way);
        let (result_sender, result_receiver) = crossbeam_channel::unbounded::<(u64, Result<R, IngestError>)>();
        // A job may begin when one of the permits is free; it comes back when the result has been consumed.
        let (permit_sender, permit_receiver) = crossbeam_channel::bounded::<()>(under_way);
        for _ in 0..under_way {
            let _ = permit_sender.try_send(());
        }
        let producer_results = result_sender.clone();
        scope.spawn(move || {
            for (number, job) in (0_u64..).zip(jobs) {
                if permit_receiver.recv().is_err() {
                    return;
                }
                let sent = match job {
                    Ok(job) => job_sender.send((number, job)).is_ok(),
                    Err(error) => producer_results.send((number, Err(error))).is_ok(),
                };
                if !sent {
                    return;
                }
            }
        });
        for _ in 0..workers {
            let (jobs, results, work) = (job_receiver.clone(), result_sender.clone(), &work);
            scope.spawn(move || {
                for (number, job) in jobs {
                    if results.send((number, work(job))).is_err() {
                        return;
                    }
                }
            });
        }
        drop((job_receiver, result_sender));
        let mut waiting = BTreeMap::new();
        let mut next = 0_u64;
        for (number, result) in &result_receiver {
            waiting.insert(number, result);
            while let Some(result) = waiting.remove(&next) {
                next += 1;
                // On an error the channels are dropped, at which all threads end.
                consume(result?)?;
                let _ = permit_sender.try_send(());
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_few_are_under_way() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        for most in [1, 2, usize::MAX] {
            let (under_way, mut seen) = (AtomicUsize::new(0), Vec::new());
            let work = |n: u64| {
                let begun = under_way.fetch_add(1, Ordering::Relaxed) + 1;
                assert!(begun <= most, "{begun} under way");
                std::thread::sleep(std::time::Duration::from_micros(n * 7 % 50));
                Ok(n)
            };
            let consume = |n| {
                seen.push(n);
                under_way.fetch_sub(1, Ordering::Relaxed);
                Ok::<(), IngestError>(())
            };
            run((0..500).map(Ok), most, work, consume).unwrap();
            assert_eq!(seen, (0..500).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_error_ends_it() {
        let jobs = (0..1000_u64).map(|n| if n == 30 { Err(IngestError::UnknownFormat("x".into())) } else { Ok(n) });
        let mut seen = 0;
        let result = run(jobs, usize::MAX, Ok, |_| {
            seen += 1;
            Ok::<(), IngestError>(())
        });
        assert!(result.is_err());
        assert_eq!(seen, 30);
    }
}
