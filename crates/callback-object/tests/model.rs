//! Random operations compared with a model that is a plain vector: nested ones exactly, concurrent ones by
//! what every order of events must have in common.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use callback_object::{Attributes, CallbackObject, Fence, Registration};
use proptest::prelude::*;

/// What a program does, or a routine when it is called.
#[derive(Clone, Debug)]
enum Action {
    Register(Vec<Action>),
    /// The registration with this number, counted modulo all there ever were.
    Unregister(usize),
    Notify,
}

fn action() -> impl Strategy<Value = Action> {
    let leaf = prop_oneof![
        Just(Action::Register(Vec::new())),
        (0_usize..12).prop_map(Action::Unregister),
        Just(Action::Notify),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner, 0..4).prop_map(Action::Register),
            2 => (0_usize..12).prop_map(Action::Unregister),
            2 => Just(Action::Notify),
        ]
    })
}

/// What was called, in order, as numbers of registrations.
type Calls = Vec<usize>;

/// The model: what should happen.
#[derive(Default)]
struct Model {
    /// By number: what its calls still do, and whether it is registered.
    all: Vec<(VecDeque<Action>, bool)>,
    calls: Calls,
    depth: usize,
}

/// Deeper notifications are not made, by neither side.
const DEEPEST: usize = 5;

impl Model {
    fn run(&mut self, action: Action) {
        match action {
            Action::Register(script) => self.all.push((script.into(), true)),
            Action::Unregister(number) => {
                if !self.all.is_empty() {
                    let number = number % self.all.len();
                    self.all[number].1 = false;
                }
            }
            Action::Notify => {
                if self.depth == DEEPEST {
                    return;
                }
                self.depth += 1;
                for number in 0..self.all.len() {
                    if self.all[number].1 {
                        self.calls.push(number);
                        if let Some(next) = self.all[number].0.pop_front() {
                            self.run(next);
                        }
                    }
                }
                self.depth -= 1;
            }
        }
    }
}

/// The real thing, driven by the same actions.
struct Real {
    object: CallbackObject,
    state: Mutex<RealState>,
}

#[derive(Default)]
struct RealState {
    all: Vec<Option<Registration>>,
    calls: Calls,
    depth: usize,
}

impl Real {
    fn run(self: &Arc<Real>, action: Action) {
        match action {
            Action::Register(script) => {
                let mut state = self.state.lock().unwrap();
                let number = state.all.len();
                let script = Mutex::new(VecDeque::from(script));
                let this = Arc::downgrade(self);
                let routine = move |_: *mut c_void, _: *mut c_void| {
                    let this = this.upgrade().unwrap();
                    this.state.lock().unwrap().calls.push(number);
                    let next = script.lock().unwrap().pop_front();
                    if let Some(next) = next {
                        this.run(next);
                    }
                };
                state.all.push(Some(self.object.register(routine).unwrap()));
            }
            Action::Unregister(number) => {
                let registration = {
                    let mut state = self.state.lock().unwrap();
                    let count = state.all.len().max(1);
                    state.all.get_mut(number % count).and_then(Option::take)
                };
                if let Some(registration) = registration {
                    registration.unregister().unwrap();
                }
            }
            Action::Notify => {
                if self.state.lock().unwrap().depth == DEEPEST {
                    return;
                }
                self.state.lock().unwrap().depth += 1;
                self.object.notify(null_mut(), null_mut()).unwrap();
                self.state.lock().unwrap().depth -= 1;
            }
        }
    }
}

fn compare(fence: Fence, actions: &[Action]) {
    let object = CallbackObject::unnamed(Attributes::new().fence(fence));
    let real = Arc::new(Real { object, state: Mutex::default() });
    let mut model = Model::default();
    for action in actions {
        model.run(action.clone());
        real.run(action.clone());
        let state = real.state.lock().unwrap();
        assert_eq!(state.calls, model.calls);
        assert_eq!(real.object.registered(), model.all.iter().filter(|(_, live)| *live).count());
    }
    // Outside the lock, and before the object goes.
    let left = std::mem::take(&mut real.state.lock().unwrap().all);
    drop(left);
}

/// A moment, from a clock that all threads share.
type Moment = u64;

static CLOCK: AtomicU64 = AtomicU64::new(1);

fn now() -> Moment {
    CLOCK.fetch_add(1, Ordering::SeqCst)
}

/// A registration's life.
#[derive(Clone, Copy, Debug)]
struct Life {
    id: u64,
    registering: Moment,
    registered: Moment,
    unregistering: Moment,
    unregistered: Moment,
}

/// A notification, and the registrations it called, in order.
#[derive(Clone, Debug)]
struct Notification {
    begin: Moment,
    end: Moment,
    called: Vec<u64>,
}

#[derive(Default)]
struct History {
    lives: Vec<Life>,
    notifications: Vec<Notification>,
}

thread_local! {
    static CALLED: std::cell::RefCell<Vec<u64>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// One thread's part: even numbers notify, odd ones register or unregister the oldest of this thread.
fn act(object: &CallbackObject, steps: &[u8]) -> History {
    let mut history = History::default();
    let mut mine: VecDeque<(Registration, Moment, Moment)> = VecDeque::new();
    let leave = |(registration, registering, registered): (Registration, Moment, Moment)| {
        let (id, unregistering) = (registration.id(), now());
        registration.unregister().unwrap();
        Life { id, registering, registered, unregistering, unregistered: now() }
    };
    for step in steps {
        match step % 4 {
            0 | 2 => {
                let begin = now();
                object.notify(null_mut(), null_mut()).unwrap();
                let called = CALLED.take();
                history.notifications.push(Notification { begin, end: now(), called });
            }
            1 => {
                let registering = now();
                // A registration's number is known only after it was made.
                let id = Arc::new(AtomicU64::new(0));
                let theirs = Arc::clone(&id);
                let routine = move |_: *mut c_void, _: *mut c_void| {
                    while theirs.load(Ordering::Acquire) == 0 {
                        std::thread::yield_now();
                    }
                    CALLED.with_borrow_mut(|c| c.push(theirs.load(Ordering::Relaxed)));
                };
                let registration = object.register(routine).unwrap();
                id.store(registration.id(), Ordering::Release);
                mine.push_back((registration, registering, now()));
            }
            _ => history.lives.extend(mine.pop_front().map(leave)),
        }
    }
    history.lives.extend(mine.drain(..).map(leave));
    history
}

fn check(history: &History) {
    for notification in &history.notifications {
        assert!(notification.called.is_sorted_by(|a, b| a < b), "order, or called twice: {notification:?}");
        for life in &history.lives {
            let called = notification.called.contains(&life.id);
            let throughout = life.registered < notification.begin && notification.end < life.unregistering;
            let apart = notification.end < life.registering || life.unregistered < notification.begin;
            assert!(!throughout || called, "missed: {life:?} {notification:?}");
            assert!(!apart || !called, "not registered: {life:?} {notification:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn nested_operations_do_as_the_model(actions in prop::collection::vec(action(), 0..25)) {
        for fence in [Fence::Asymmetric, Fence::Portable] {
            compare(fence, &actions);
        }
    }

    #[test]
    fn concurrent_operations_happen_in_some_order(
        steps in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 3),
    ) {
        for fence in [Fence::Asymmetric, Fence::Portable] {
            let object = CallbackObject::unnamed(Attributes::new().fence(fence));
            let histories: Vec<History> = std::thread::scope(|scope| {
                let threads: Vec<_> = steps.iter().map(|s| scope.spawn(|| act(&object, s))).collect();
                threads.into_iter().map(|t| t.join().unwrap()).collect()
            });
            let mut all = History::default();
            for history in histories {
                all.lives.extend(history.lives);
                all.notifications.extend(history.notifications);
            }
            check(&all);
            prop_assert_eq!(object.registered(), 0);
        }
    }
}
