//! The C compiler of this machine for tests under Wine, where programs of this machine cannot be started and waited for:
//! they ask for it by TCP.
//!
//! A test sends the arguments, each with a NUL behind it, and hears [`COMPILED`] or what the compiler says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

/// What a test hears of success.
const COMPILED: &str = "compiled";

/// Compiles for whoever asks, until this process ends; where to ask.
pub(super) fn serve(cc: &'static str) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("tests cannot ask for a compiler")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for asking in listener.incoming().flatten() {
            // Whoever hung up is not interested.
            thread::spawn(move || answer(cc, asking));
        }
    });
    Ok(address)
}

fn answer(cc: &str, mut asking: TcpStream) -> std::io::Result<()> {
    let mut request = String::new();
    asking.read_to_string(&mut request)?;
    let output = Command::new(cc).args(request.split_terminator('\0')).stdin(Stdio::null()).output();
    let heard = match output {
        Ok(output) if output.status.success() => COMPILED.to_owned(),
        Ok(output) => format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)),
        Err(error) => format!("{cc} does not start: {error}"),
    };
    asking.write_all(heard.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};

    use super::{COMPILED, serve};

    fn ask(compiler: &'static str, request: &str) -> std::io::Result<String> {
        let address = serve(compiler).map_err(std::io::Error::other)?;
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        stream.shutdown(Shutdown::Write)?;
        let mut heard = String::new();
        stream.read_to_string(&mut heard).map(|_| heard)
    }

    #[test]
    fn who_asks_hears_of_success_and_why_there_is_none() -> std::io::Result<()> {
        assert_eq!(ask("test", "two words\0=\0two words\0")?, COMPILED);
        assert_eq!(ask("false", "")?, "exit status: 1: ");
        assert!(ask("cat", "/no/such/file\0")?.contains("No such file or directory"));
        assert!(ask("no-such-compiler", "")?.starts_with("no-such-compiler does not start: "));
        Ok(())
    }
}
