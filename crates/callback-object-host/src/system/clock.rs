//! The moments at which the system's clock is set.
//!
//! A timer on `CLOCK_REALTIME` that is cancelled when that clock jumps (`timerfd_create(2)`,
//! `TFD_TIMER_CANCEL_ON_SET`). It is armed for a time that nobody lives to see.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

/// Readable when the clock has been set.
#[derive(Debug)]
pub(super) struct ClockWatch(OwnedFd);

impl ClockWatch {
    pub(super) fn new() -> Result<ClockWatch, Errno> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let watch = ClockWatch(timerfd_create(TimerfdClockId::Realtime, flags)?);
        watch.arm()?;
        Ok(watch)
    }

    fn arm(&self) -> Result<(), Errno> {
        let never = Timespec { tv_sec: i64::MAX / 1_000_000_000, tv_nsec: 0 };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: never };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        match timerfd_settime(&self.0, flags, &once) {
            // The clock was set since the last time: the timer is armed all the same.
            Ok(_) | Err(Errno::CANCELED) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the clock has been set since the last question.
    pub(super) fn was_set(&self) -> Result<bool, Errno> {
        match rustix::io::read(&self.0, &mut [0; 8]) {
            Err(Errno::CANCELED) => {
                self.arm()?;
                Ok(true)
            }
            Ok(_) | Err(Errno::AGAIN) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for ClockWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
