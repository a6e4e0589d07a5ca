//! The order of the notifications when a processor is added.
//!
//! The documentation has two per processor: before it is started, when a routine may veto, and after, with
//! success or failure. Linux tells of a processor when it has appeared (`add`, on machines that take
//! processors while they run) and when it has been started (`online`). So the first notification belongs to
//! the event that comes first, and a veto that comes after the start can only be carried out by stopping the
//! processor again.

use std::collections::BTreeSet;

use callback_object_sys::{
    KE_PROCESSOR_CHANGE_NOTIFY_STATE as State, NTSTATUS, STATUS_SUCCESS, STATUS_UNSUCCESSFUL,
};

use super::uevent::Processor;

/// Who carries out what is decided here.
pub(super) trait Effects {
    /// Notifies, and returns the status that the routines have left.
    fn notify(&mut self, state: State, number: u32, status: NTSTATUS) -> NTSTATUS;
    /// Stops a processor that has started in spite of a veto.
    fn stop(&mut self, number: u32);
}

/// What is known of the processors.
#[derive(Debug, Default)]
pub(super) struct Processors {
    online: BTreeSet<u32>,
    /// Announced, not vetoed, not started yet.
    starting: BTreeSet<u32>,
    /// Announced and vetoed.
    vetoed: BTreeSet<u32>,
}

impl Processors {
    pub(super) fn new(online: impl IntoIterator<Item = u32>) -> Processors {
        Processors { online: online.into_iter().collect(), ..Processors::default() }
    }

    pub(super) fn handle(&mut self, event: Processor, effects: &mut dyn Effects) {
        match event {
            Processor::Added(number) => self.announce(number, effects),
            Processor::Online(number) => {
                if !self.online.contains(&number) {
                    self.announce(number, effects);
                    if self.starting.remove(&number) {
                        self.online.insert(number);
                        effects.notify(State::KeProcessorAddCompleteNotify, number, STATUS_SUCCESS);
                    } else {
                        effects.stop(number);
                    }
                }
            }
            Processor::Offline(number) => {
                self.online.remove(&number);
                self.vetoed.remove(&number);
                if self.starting.remove(&number) {
                    effects.notify(State::KeProcessorAddFailureNotify, number, STATUS_UNSUCCESSFUL);
                }
            }
        }
    }

    fn announce(&mut self, number: u32, effects: &mut dyn Effects) {
        let known = [&self.online, &self.starting, &self.vetoed].iter().any(|set| set.contains(&number));
        if known {
            return;
        }
        let status = effects.notify(State::KeProcessorAddStartNotify, number, STATUS_SUCCESS);
        if status < 0 {
            self.vetoed.insert(number);
            effects.notify(State::KeProcessorAddFailureNotify, number, status);
        } else {
            self.starting.insert(number);
        }
    }
}

/// The numbers in a list such as `0-3,8`, as `/sys/devices/system/cpu/online` has it.
pub(super) fn parse_list(text: &str) -> Vec<u32> {
    let ranges = text.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{
        KeProcessorAddCompleteNotify as Complete, KeProcessorAddFailureNotify as Failure,
        KeProcessorAddStartNotify as Start,
    };

    const VETO: NTSTATUS = callback_object_sys::STATUS_INSUFFICIENT_RESOURCES;

    /// Writes down what happens; the routines veto some processors.
    #[derive(Default)]
    struct Record {
        unwanted: Vec<u32>,
        notified: Vec<(State, u32, NTSTATUS)>,
        stopped: Vec<u32>,
    }

    impl Effects for Record {
        fn notify(&mut self, state: State, number: u32, status: NTSTATUS) -> NTSTATUS {
            self.notified.push((state, number, status));
            if state == Start && self.unwanted.contains(&number) { VETO } else { status }
        }

        fn stop(&mut self, number: u32) {
            self.stopped.push(number);
        }
    }

    fn run(unwanted: &[u32], events: &[Processor]) -> Record {
        let mut record = Record { unwanted: unwanted.to_vec(), ..Record::default() };
        let mut processors = Processors::new([0, 1]);
        for event in events {
            processors.handle(*event, &mut record);
        }
        record
    }

    #[test]
    fn a_processor_is_notified_twice() {
        use Processor::{Added, Offline, Online};
        let twice = vec![(Start, 2, STATUS_SUCCESS), (Complete, 2, STATUS_SUCCESS)];
        assert_eq!(run(&[], &[Added(2), Online(2)]).notified, twice);
        assert_eq!(run(&[], &[Online(2)]).notified, twice);
        assert_eq!(
            run(&[], &[Added(2), Added(2), Online(2), Online(2)]).notified,
            twice,
            "events come twice"
        );
        assert_eq!(run(&[], &[Online(1), Added(0)]).notified, [], "these run already");
        assert_eq!(run(&[], &[Offline(1), Online(1)]).notified.len(), 2, "stopped and started again");
        let failed = vec![(Start, 2, STATUS_SUCCESS), (Failure, 2, STATUS_UNSUCCESSFUL)];
        assert_eq!(run(&[], &[Added(2), Offline(2)]).notified, failed);
    }

    #[test]
    fn a_veto_is_carried_out() {
        use Processor::{Added, Offline, Online};
        let vetoed = vec![(Start, 2, STATUS_SUCCESS), (Failure, 2, VETO)];
        let record = run(&[2], &[Added(2)]);
        assert_eq!((record.notified, record.stopped), (vetoed.clone(), vec![]), "it has not started");
        let record = run(&[2], &[Added(2), Online(2), Offline(2)]);
        assert_eq!((record.notified, record.stopped), (vetoed.clone(), vec![2]), "it has started in spite");
        let record = run(&[2], &[Online(2)]);
        assert_eq!((record.notified, record.stopped), (vetoed, vec![2]));
    }

    #[test]
    fn lists_are_read() {
        assert_eq!(parse_list("0-3,8,10-11\n"), [0, 1, 2, 3, 8, 10, 11]);
        assert_eq!(parse_list("\n"), [0; 0]);
        assert_eq!(parse_list("x-3,7"), [7]);
    }
}
