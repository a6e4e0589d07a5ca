//! SQLite: a closure per row, prepared statements with blobs, a function and a collation in Rust.
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a few calls in a row have one proof")]

use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};

use pinvoke::{Function, Registered, callback, dll_import};

/// A connection, `sqlite3 *`.
type Connection = *mut c_void;
/// `sqlite3_stmt *`.
type Prepared = *mut c_void;
/// `sqlite3_value *`.
type Value = *mut c_void;

const DONE: i32 = 101;
const ROW: i32 = 100;
const UTF8: i32 = 1;
/// "Make a copy of the text": the destructor that is none.
const TRANSIENT: isize = -1;

/// A function that SQL can call. It has no user data of its own, so that the closure gets a thunk.
#[callback]
type SqlFunction = unsafe extern "C" fn(context: *mut c_void, n: i32, #[len(n)] arguments: &[Value]);

/// The order of two texts, given as bytes with their counts.
#[callback]
type Collation = unsafe extern "C" fn(
    UserData,
    a_len: i32,
    #[len(a_len)] a: &[u8],
    b_len: i32,
    #[len(b_len)] b: &[u8],
) -> i32;

#[dll_import("sqlite3")]
unsafe extern "C" {
    safe fn sqlite3_open(path: &str, connection: &mut Connection) -> i32;
    fn sqlite3_close(connection: Connection) -> i32;
    #[returns(borrowed)]
    fn sqlite3_errmsg(connection: Connection) -> String;
    /// A closure per row: values may be NULL.
    fn sqlite3_exec(
        connection: Connection,
        sql: &str,
        row: Option<impl FnMut(UserData, i32, Counted<&[Option<&str>], 0>, Counted<&[&str], 0>) -> i32>,
        user: UserData,
        message: Option<&mut *mut c_char>,
    ) -> Result<i32, pinvoke::Error>;

    fn sqlite3_prepare_v2(
        connection: Connection,
        sql: &str,
        bytes: i32,
        prepared: &mut Prepared,
        rest: *mut *const c_char,
    ) -> i32;
    fn sqlite3_bind_text(prepared: Prepared, index: i32, text: &str, bytes: i32, destructor: isize) -> i32;
    fn sqlite3_bind_blob(
        prepared: Prepared,
        index: i32,
        blob: &[u8],
        #[len_of(blob)] bytes: i32,
        destructor: isize,
    ) -> i32;
    /// Runs SQL functions and collations: their panics come out here.
    #[dll_import(calls_back)]
    fn sqlite3_step(prepared: Prepared) -> i32;
    fn sqlite3_reset(prepared: Prepared) -> i32;
    fn sqlite3_finalize(prepared: Prepared) -> i32;
    #[returns(borrowed)]
    fn sqlite3_column_text(prepared: Prepared, column: i32) -> Option<String>;
    fn sqlite3_column_blob(prepared: Prepared, column: i32) -> *const u8;
    fn sqlite3_column_bytes(prepared: Prepared, column: i32) -> i32;

    fn sqlite3_create_function_v2(
        connection: Connection,
        name: &str,
        arguments: i32,
        encoding: i32,
        user: *mut c_void,
        function: Option<Function<'_, SqlFunction>>,
        step: Option<Function<'_, SqlFunction>>,
        last: Option<Function<'_, SqlFunction>>,
        destroy: *const c_void,
    ) -> i32;
    fn sqlite3_create_collation_v2(
        connection: Connection,
        name: &str,
        encoding: i32,
        user: *mut c_void,
        compare: Option<Function<'_, Collation>>,
        destroy: *const c_void,
    ) -> i32;
    #[returns(borrowed)]
    fn sqlite3_value_text(value: Value) -> Option<String>;
    fn sqlite3_result_text(context: *mut c_void, text: &str, bytes: i32, destructor: isize);
}

type Failure = Box<dyn std::error::Error>;

/// A connection and what was registered with it: closed first, then the registrations end.
struct Database {
    connection: Connection,
    functions: Vec<Registered<'static, SqlFunction>>,
    collations: Vec<Registered<'static, Collation>>,
}

impl Database {
    fn open(path: &str) -> Result<Database, Failure> {
        let mut connection = null_mut();
        let code = sqlite3_open(path, &mut connection);
        let database = Database { connection, functions: Vec::new(), collations: Vec::new() };
        database.check(code)?;
        Ok(database)
    }

    fn check(&self, code: i32) -> Result<(), Failure> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: an open connection.
        Err(unsafe { sqlite3_errmsg(self.connection) }.into())
    }

    /// Runs SQL and hands every row to the closure.
    fn rows(&self, sql: &str, mut each: impl FnMut(&[Option<&str>], &[&str])) -> Result<(), Failure> {
        let row = |_, values: &[Option<&str>], names: &[&str]| {
            each(values, names);
            0
        };
        // SAFETY: an open connection.
        let code = unsafe { sqlite3_exec(self.connection, sql, Some(row), None) }?;
        self.check(code)
    }

    /// Adds a function of one text to SQL.
    fn function(&mut self, name: &str, f: impl Fn(&str) -> String + 'static) -> Result<(), Failure> {
        let registered = SqlFunction::owned_reentrant(move |context, _, arguments| {
            // SAFETY: the function was declared with one argument.
            let text = unsafe { sqlite3_value_text(arguments[0]) };
            let result = f(&text.unwrap_or_default());
            // SAFETY: the context is that of this invocation.
            unsafe { sqlite3_result_text(context, &result, -1, TRANSIENT) };
        })?;
        let function = Some(registered.function());
        // SAFETY: the registration is kept until the connection is closed.
        let code = unsafe {
            sqlite3_create_function_v2(
                self.connection,
                name,
                1,
                UTF8,
                null_mut(),
                function,
                None,
                None,
                null(),
            )
        };
        self.functions.push(registered);
        self.check(code)
    }

    /// Adds an order of texts to SQL.
    fn collation(
        &mut self,
        name: &str,
        order: impl Fn(&str, &str) -> std::cmp::Ordering + 'static,
    ) -> Result<(), Failure> {
        let registered = Collation::owned_reentrant(move |_, a, _, b| {
            order(&String::from_utf8_lossy(a), &String::from_utf8_lossy(b)) as i32
        })?;
        let (compare, user) = (Some(registered.function()), registered.user_data());
        // SAFETY: as above.
        let code = unsafe { sqlite3_create_collation_v2(self.connection, name, UTF8, user, compare, null()) };
        self.collations.push(registered);
        self.check(code)
    }

    fn prepare(&self, sql: &str) -> Result<Statement<'_>, Failure> {
        let mut prepared = null_mut();
        // SAFETY: an open connection.
        let code = unsafe { sqlite3_prepare_v2(self.connection, sql, -1, &mut prepared, null_mut()) };
        self.check(code)?;
        Ok(Statement { database: self, prepared })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: closed once, when no statement is left.
        assert_eq!(unsafe { sqlite3_close(self.connection) }, 0);
    }
}

struct Statement<'a> {
    database: &'a Database,
    prepared: Prepared,
}

impl Statement<'_> {
    fn insert(&self, name: &str, picture: &[u8]) -> Result<(), Failure> {
        // SAFETY: a statement with two parameters; SQLite copies both.
        let code = unsafe {
            sqlite3_reset(self.prepared);
            sqlite3_bind_text(self.prepared, 1, name, -1, TRANSIENT);
            sqlite3_bind_blob(self.prepared, 2, picture, TRANSIENT);
            sqlite3_step(self.prepared)
        };
        if code == DONE { Ok(()) } else { self.database.check(code) }
    }

    /// The next row: a text and a blob.
    fn next(&self) -> Result<Option<(String, Vec<u8>)>, Failure> {
        // SAFETY: a live statement.
        match unsafe { sqlite3_step(self.prepared) } {
            DONE => Ok(None),
            ROW => {
                // SAFETY: the statement stands on a row with two columns.
                let (text, blob, bytes) = unsafe {
                    (
                        sqlite3_column_text(self.prepared, 0),
                        sqlite3_column_blob(self.prepared, 1),
                        sqlite3_column_bytes(self.prepared, 1),
                    )
                };
                let bytes = usize::try_from(bytes)?;
                // SAFETY: so many bytes stand there until the next step, or none.
                let blob = if bytes == 0 { &[] } else { unsafe { std::slice::from_raw_parts(blob, bytes) } };
                Ok(Some((text.unwrap_or_default(), blob.to_vec())))
            }
            code => self.database.check(code).map(|()| None),
        }
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        // SAFETY: finalised once.
        unsafe { sqlite3_finalize(self.prepared) };
    }
}

fn main() -> Result<(), Failure> {
    let mut database = Database::open(":memory:")?;
    database.rows("CREATE TABLE animals (name TEXT, picture BLOB)", |_, _| {})?;

    let insert = database.prepare("INSERT INTO animals VALUES (?1, ?2)")?;
    insert.insert("Zebra", b"\x00stripes")?;
    insert.insert("ant", b"")?;
    insert.insert("Bär", b"\xff\xd8")?;
    drop(insert);

    // A function that captures, called by SQL.
    let suffix = "!".to_owned();
    database.function("shout", move |text| text.to_uppercase() + &suffix)?;
    // A collation that ignores case.
    database.collation("caseless", |a, b| a.to_lowercase().cmp(&b.to_lowercase()))?;

    let mut names = Vec::new();
    database.rows(
        "SELECT shout(name) AS loud, NULL AS missing FROM animals ORDER BY name COLLATE caseless",
        |row, columns| {
            println!("{columns:?} {row:?}");
            assert_eq!(columns, ["loud", "missing"]);
            assert_eq!(row[1], None);
            names.extend(row[0].map(str::to_owned));
        },
    )?;
    assert_eq!(names, ["ANT!", "BÄR!", "ZEBRA!"]);

    let select = database.prepare("SELECT name, picture FROM animals ORDER BY length(picture)")?;
    let mut pictures = Vec::new();
    while let Some((name, picture)) = select.next()? {
        println!("{name}: {picture:?}");
        pictures.push(picture.len());
    }
    drop(select);
    assert_eq!(pictures, [0, 2, 8]);

    let error = database.rows("SELECT nonsense", |_, _| {}).map_err(|e| e.to_string());
    println!("{error:?}");
    assert_eq!(error, Err("no such column: nonsense".to_owned()));
    Ok(())
}
