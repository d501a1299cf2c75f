//! Where guests that take long go on.
//!
//! A call begins where the broker works, so that one of a few microseconds pays for no hand-over. A guest that uses up its first
//! turn goes on here, on threads that leave a processor to everybody else, and lets the next one go on after each of its turns.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::context::TokioContext;
use tokio_util::task::AbortOnDropHandle;

use crate::turns::Budget;

/// What is added to the niceness of the threads.
const NICER: i32 = 10;

/// Threads for guests that take long: a runtime that has neither sockets nor timers of its own. Without one, every guest goes on where
/// it began.
pub(crate) struct LowPriority(Option<Runtime>);

impl LowPriority {
    /// Starts the threads: one less than there are processors, at least one.
    pub(crate) fn start() -> std::io::Result<Self> {
        let threads = std::thread::available_parallelism()?.get().saturating_sub(1).max(1);
        let nicer = || {
            if let Err(error) = rustix::process::nice(NICER) {
                tracing::debug!(%error, "guests that take long run with the priority of the broker");
            }
        };
        // Those that wait on a thread and those that come to it take turns: neither starves the other.
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("guests")
            .on_thread_start(nicer)
            .global_queue_interval(2)
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// No threads: for a scripted target, which moves the clock itself, and knows when only as long as a call is one task with it.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Runs `work` until it is done, or until `end` is: then `work` is stopped for sure before this returns, and has no effect
    /// any more. Dropped before that, it stops `work` at the end of its turn.
    pub(crate) async fn drive<T: Send + 'static, E>(
        &self,
        budget: Arc<Budget>,
        work: impl Future<Output = T> + Send + 'static,
        end: impl Future<Output = E>,
    ) -> Result<T, E> {
        let (mut work, mut end) = (Box::pin(work), pin!(end));
        let here = poll_fn(|cx| {
            if let Poll::Ready(ended) = end.as_mut().poll(cx) {
                return Poll::Ready(Here::Ended(ended));
            }
            budget.begin_turn();
            match work.as_mut().poll(cx) {
                Poll::Ready(done) => Poll::Ready(Here::Done(done)),
                Poll::Pending => match &self.0 {
                    Some(threads) if budget.is_long() => Poll::Ready(Here::Long(threads)),
                    _ => Poll::Pending,
                },
            }
        });
        let threads = match here.await {
            Here::Done(done) => return Ok(done),
            Here::Ended(ended) => return Err(ended),
            Here::Long(threads) => threads,
        };
        let rest = poll_fn(move |cx| {
            budget.begin_turn();
            work.as_mut().poll(cx)
        });
        // Sockets and timers stay where the broker's live, whichever thread works.
        let mut rest = AbortOnDropHandle::new(threads.spawn(TokioContext::new(rest, Handle::current())));
        let ended = tokio::select! {
            biased;
            ended = &mut end => ended,
            done = &mut rest => return match done.map_err(tokio::task::JoinError::try_into_panic) {
                Ok(done) => Ok(done),
                Err(Ok(panic)) => std::panic::resume_unwind(panic),
                // Nobody will say anything: the end alone is left.
                Err(Err(_)) => Err(end.await),
            },
        };
        // It may be in the middle of a turn, in which it may still commit something.
        rest.abort();
        let _ = rest.await;
        Err(ended)
    }
}

impl Drop for LowPriority {
    fn drop(&mut self) {
        // Whoever drops it may be a task, which must not wait for threads.
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

/// How it stands where the call began.
enum Here<'a, T, E> {
    Done(T),
    Ended(E),
    Long(&'a Runtime),
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use tokio::runtime::RuntimeFlavor;
    use tokio::sync::oneshot;

    use super::*;
    use crate::turns::Ticks;

    fn where_it_runs() -> String {
        std::thread::current().name().unwrap_or_default().to_owned()
    }

    /// A guest's budget, and what uses up a turn of it and lets others go on.
    fn guest() -> (Arc<Budget>, impl Future<Output = ()> + Send + 'static) {
        let ticks = Ticks::default();
        let budget = Budget::new(ticks.clone(), 100);
        let turn = {
            let budget = Arc::clone(&budget);
            async move {
                for _ in 0..2 {
                    ticks.tick();
                    budget.passed();
                }
                tokio::task::yield_now().await;
            }
        };
        (budget, turn)
    }

    #[tokio::test]
    async fn a_guest_goes_on_elsewhere_after_its_first_turn() {
        let here = where_it_runs();
        for (pool, there) in [(LowPriority::start().unwrap(), "guests"), (LowPriority::none(), here.as_str())] {
            let (budget, turn) = guest();
            let work = async move {
                let first = where_it_runs();
                turn.await;
                (first, where_it_runs(), Handle::current().runtime_flavor())
            };
            let (first, then, flavor) = pool.drive(budget, work, std::future::pending::<()>()).await.unwrap();
            assert_eq!((first.as_str(), then.as_str()), (here.as_str(), there));
            assert_eq!(flavor, RuntimeFlavor::CurrentThread, "its sockets and timers live where the broker's do");
        }
    }

    #[tokio::test]
    async fn a_guest_that_is_cut_off_has_stopped_before_anybody_is_told() {
        let (pool, (budget, turn)) = (LowPriority::start().unwrap(), guest());
        let effects = Arc::new(AtomicU64::new(0));
        let (enough, end) = oneshot::channel();
        let (busy, is_busy) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let work = {
            let effects = Arc::clone(&effects);
            async move {
                turn.await;
                enough.send(()).unwrap();
                busy.send(()).unwrap();
                may_go_on.recv().unwrap();
                effects.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<()>().await;
            }
        };
        let mut driven = pin!(pool.drive(budget, work, end));
        let mut poll = || driven.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll().is_pending());
        is_busy.recv().unwrap();
        assert!(poll().is_pending(), "it is in the middle of a turn");
        assert!(poll().is_pending(), "and still is");
        go_on.send(()).unwrap();
        assert_eq!(driven.await, Err(Ok(())));
        assert_eq!((effects.load(Ordering::SeqCst), Arc::strong_count(&effects)), (1, 1), "it is gone");
    }

    #[tokio::test]
    async fn a_panic_of_the_host_ends_its_own_call_alone() {
        let pool = Arc::new(LowPriority::start().unwrap());
        let broken = tokio::spawn({
            let (pool, (budget, turn)) = (Arc::clone(&pool), guest());
            let work = async move {
                turn.await;
                panic!("a fault of ours");
            };
            async move { pool.drive::<(), ()>(budget, work, std::future::pending()).await }
        });
        assert!(broken.await.unwrap_err().is_panic());
        let (budget, turn) = guest();
        assert_eq!(pool.drive(budget, turn, std::future::pending::<()>()).await, Ok(()), "its thread lives");
    }
}
