//! What the program says: results on standard output, all else on standard error.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

static SILENT: AtomicBool = AtomicBool::new(false);

/// From here on this process says nothing: of those that train together, the first one speaks.
pub fn be_silent() {
    SILENT.store(true, Ordering::Relaxed);
}

/// Standard output, or what stands for it. When it is closed, or cannot be written, the program
/// goes on without it: a training must not be lost with its reader.
pub struct Output<W> {
    inner: W,
    error: Option<io::Error>,
}

impl<W: Write> Output<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, error: None }
    }

    /// Whether nobody reads what is written.
    pub fn is_closed(&self) -> bool {
        self.error.is_some()
    }

    /// Why not all was written. That the reader has seen enough is no error.
    pub fn end(mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        match self.error.map_or(flushed, Err) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done,
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.error.is_some() {
            return Ok(bytes.len());
        }
        match self.inner.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.error = Some(error);
                Ok(bytes.len())
            }
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One line on standard error, if anybody reads it.
pub fn say(line: &str) {
    if SILENT.load(Ordering::Relaxed) {
        return;
    }
    let _ = writeln!(io::stderr(), "{}", shown(&line.replace('\n', " ")));
}

/// Text from a file as it can be shown: a terminal would obey some of its characters.
pub fn shown(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        if commands(c) { all.extend(c.escape_default()) } else { all.push(c) }
    }
    all
}

/// One character, in one place of a table.
pub fn shown_in_a_cell(c: char) -> char {
    match u32::from(c) {
        // Unicode has pictures of the control characters of ASCII.
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('?'),
        0x7f => '\u{2421}',
        _ if commands(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// Whether a terminal or an editor does something else with it than show it: control characters,
/// line ends, and those that turn the direction of writing.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An error with the flag and the file that it is about.
pub fn about(flag: &str, path: &Path, error: &impl std::fmt::Display) -> String {
    format!("{flag} {}: {error}", path.display()).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(shown("añ日\\'"), "añ日\\'");
        assert_eq!(shown("a\x1b[2J\tb\u{202e}\u{9b}"), "a\\u{1b}[2J\\tb\\u{202e}\\u{9b}");
        assert_eq!(
            ['a', '\x1b', '\x7f', '\u{85}'].map(shown_in_a_cell),
            ['a', '␛', '␡', '\u{fffd}']
        );
    }

    #[test]
    fn a_closed_output_is_no_error_and_a_full_one_is() {
        struct Fails(io::ErrorKind);
        impl Write for Fails {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for (kind, fine) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)]
        {
            let mut out = Output::new(Fails(kind));
            writeln!(out, "one").expect("it goes on");
            assert!(out.is_closed());
            writeln!(out, "two").expect("it goes on");
            assert_eq!(out.end().is_ok(), fine);
        }
    }
}
