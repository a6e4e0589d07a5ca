//! `DATE` of OLE: days as a `double`.
//!
//! The whole part counts days from midnight of 30 December 1899, the fraction is the time of that day,
//! always forward: -1.25 is six o'clock on 29 December. Between -1 and 1 a time of the first day has two
//! numbers; the positive one is written. There is no time zone: [`OleDate`] converts as if it were UTC.
//! .NET does the same (`DateTime.FromOADate`), with the same range and to the same millisecond.

use std::time::{Duration, SystemTime};

use crate::native::NativeType;

/// A date and time of OLE, `DATE`.
///
/// ```
/// use pinvoke::marshal::OleDate;
/// use std::time::{Duration, SystemTime};
///
/// let epoch = OleDate::try_from(SystemTime::UNIX_EPOCH)?;
/// assert_eq!(epoch.days(), 25_569.0);
/// let noon = SystemTime::try_from(OleDate::from_days(25_569.5))?;
/// assert_eq!(noon, SystemTime::UNIX_EPOCH + Duration::from_secs(12 * 3600));
/// # Ok::<(), pinvoke::marshal::OleDateError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, NativeType)]
#[repr(transparent)]
pub struct OleDate(f64);

/// A date that has no other form: outside of the years 100 to 9999, or no number.
///
/// ```
/// use std::time::SystemTime;
///
/// use pinvoke::marshal::{OleDate, OleDateError};
///
/// // In the year 10000:
/// assert_eq!(SystemTime::try_from(OleDate::from_days(2_958_466.0)), Err(OleDateError));
/// assert!(SystemTime::try_from(OleDate::from_days(f64::NAN)).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the date is not in the years 100 to 9999")]
pub struct OleDateError;

/// Days from 30 December 1899 to 1 January 1970.
const UNIX_EPOCH: i64 = 25_569;
const DAY: i64 = 24 * 60 * 60 * 1000;
/// 1 January 100, and 1 January 10000.
const FIRST: f64 = -657_434.0;
const END: f64 = 2_958_466.0;

impl OleDate {
    /// Of days as OLE counts them.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use pinvoke::marshal::OleDate;
    ///
    /// assert_eq!(SystemTime::try_from(OleDate::from_days(25_569.0))?, SystemTime::UNIX_EPOCH);
    /// # Ok::<(), pinvoke::marshal::OleDateError>(())
    /// ```
    #[must_use]
    pub const fn from_days(days: f64) -> OleDate {
        OleDate(days)
    }

    /// Days as OLE counts them.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use pinvoke::marshal::OleDate;
    ///
    /// // Six in the evening of the first of January 1970:
    /// let evening = OleDate::try_from(SystemTime::UNIX_EPOCH + Duration::from_secs(18 * 3600))?;
    /// assert_eq!(evening.days(), 25_569.75);
    /// # Ok::<(), pinvoke::marshal::OleDateError>(())
    /// ```
    #[must_use]
    pub const fn days(self) -> f64 {
        self.0
    }
}

impl TryFrom<OleDate> for SystemTime {
    type Error = OleDateError;

    #[allow(clippy::cast_possible_truncation, reason = "the range was checked")]
    fn try_from(date: OleDate) -> Result<SystemTime, OleDateError> {
        // The first day before the range reaches down to its last moment.
        if !(date.0 > FIRST - 1.0 && date.0 < END) {
            return Err(OleDateError);
        }
        let day = date.0.trunc() as i64;
        let time = (date.0.fract().abs() * DAY as f64).round() as i64;
        let millis = (day - UNIX_EPOCH) * DAY + time;
        let distance = Duration::from_millis(millis.unsigned_abs());
        let time = if millis < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        };
        time.ok_or(OleDateError)
    }
}

impl TryFrom<SystemTime> for OleDate {
    type Error = OleDateError;

    #[allow(clippy::cast_precision_loss, reason = "milliseconds of 9999 years take 49 bits")]
    fn try_from(time: SystemTime) -> Result<OleDate, OleDateError> {
        let since_epoch = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()),
            // Down to the millisecond that the time is in.
            Err(before) => i64::try_from(before.duration().as_nanos().div_ceil(1_000_000)).map(|n| -n),
        };
        let millis = since_epoch.ok().and_then(|m| m.checked_add(UNIX_EPOCH * DAY)).ok_or(OleDateError)?;
        let (day, time) = (millis.div_euclid(DAY) as f64, millis.rem_euclid(DAY) as f64 / DAY as f64);
        if !(FIRST..END).contains(&day) {
            return Err(OleDateError);
        }
        Ok(OleDate(if day < 0.0 { day - time } else { day + time }))
    }
}
