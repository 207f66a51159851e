//! The file of losses: a row for each step, whatever stops a run.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::output::{about, say};

const HEADER: &str = "step,loss,learning_rate";

/// Rows of step, loss (nats per token) and learning rate, as CSV.
pub struct Losses {
    path: PathBuf,
    rows: BufWriter<File>,
}

impl Losses {
    /// An empty file; or with a step to go on from, the rows up to that step: what was written
    /// after it is written again. A file of anything else is refused.
    pub fn open(path: &Path, goes_on: Option<usize>) -> Result<Self, String> {
        let open = || -> io::Result<_> {
            let mut options = File::options();
            // It is not emptied before it is known to be one of losses.
            let mut file =
                options.create(true).read(true).write(true).truncate(false).open(path)?;
            let mut kept = rows_until(&mut file, goes_on.unwrap_or(0))?;
            if goes_on.is_none() {
                kept.bytes = 0;
            }
            file.set_len(kept.bytes)?;
            file.seek(SeekFrom::Start(kept.bytes))?;
            let mut rows = BufWriter::new(file);
            if kept.bytes == 0 {
                writeln!(rows, "{HEADER}")?;
            }
            Ok((rows, kept))
        };
        let (rows, kept) = open().map_err(|error| about("--losses", path, &error))?;
        if let Some(step) = goes_on.filter(|&step| kept.bytes > 0 && kept.step < step) {
            let first = kept.step + 1;
            let gap = format!("it has no losses of the steps {first} to {step}");
            say(&format!("note: {}", about("--losses", path, &gap)));
        }
        Ok(Self { path: path.to_owned(), rows })
    }

    pub fn row(&mut self, step: usize, loss: f64, learning_rate: f64) -> Result<(), String> {
        let written = writeln!(self.rows, "{step},{loss},{learning_rate}");
        written.map_err(|error| about("--losses", &self.path, &error))
    }

    /// All rows are on disk: before a checkpoint is, which would go on after them.
    pub fn sync(&mut self) -> Result<(), String> {
        let synced = self.rows.flush().and_then(|()| self.rows.get_ref().sync_data());
        synced.map_err(|error| about("--losses", &self.path, &error))
    }
}

/// The beginning of a file that stays.
struct Kept {
    bytes: u64,
    /// The last step of it.
    step: usize,
}

/// The rows up to a step, without one that was torn when a run was killed.
fn rows_until(file: &mut File, step: usize) -> io::Result<Kept> {
    let mut lines = BufReader::new(file);
    let mut kept = Kept { bytes: 0, step: 0 };
    let mut line = Vec::new();
    // A file of something else may have one line of any length.
    let first = Read::by_ref(&mut lines).take(HEADER.len() as u64 + 1);
    { first }.read_until(b'\n', &mut line)?;
    if line != [HEADER.as_bytes(), b"\n"].concat() {
        if HEADER.as_bytes().starts_with(&line) {
            return Ok(kept);
        }
        let error = format!("its first line is not `{HEADER}`, so that it is left alone");
        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
    }
    kept.bytes = line.len() as u64;
    loop {
        line.clear();
        lines.read_until(b'\n', &mut line)?;
        match step_of(&line) {
            Some(own) if (kept.step + 1..=step).contains(&own) => {
                kept.bytes += line.len() as u64;
                kept.step = own;
            }
            _ => return Ok(kept),
        }
    }
}

/// The step of a row, if the row is whole.
fn step_of(line: &[u8]) -> Option<usize> {
    let row = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let mut fields = row.split(',');
    let step = fields.next()?.parse().ok()?;
    let numbers: Vec<f64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
    (numbers.len() == 2).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stays of a file when a run goes on after step 3.
    fn kept(text: &str) -> Result<String, String> {
        let name = format!("names-losses-{}-{}.csv", std::process::id(), text.len());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("a file");
        let opened = Losses::open(&path, Some(3)).and_then(|mut losses| losses.sync());
        let text = std::fs::read_to_string(&path).expect("a file");
        std::fs::remove_file(&path).expect("it goes");
        opened.map(|()| text)
    }

    #[test]
    fn rows_after_the_step_and_torn_ones_are_cut() {
        let three = "step,loss,learning_rate\n1,2.5,0.01\n2,2.25,0.01\n3,2,0.01\n";
        for more in ["", "4", "4,2", "4,1.5,0.01\n", "4,1.5,0.01\n5,1", "3,2,0.01\n", "\0\0\0\0\0"]
        {
            assert_eq!(kept(&format!("{three}{more}")).expect("losses"), three);
        }
        let torn = "step,loss,learning_rate\n1,2.5,0.01\n2,2.2\n3,2,0.01\n";
        assert_eq!(kept(torn).expect("losses"), "step,loss,learning_rate\n1,2.5,0.01\n");
        for empty in ["", "st", "step,loss,learning_rate"] {
            assert_eq!(kept(empty).expect("losses"), "step,loss,learning_rate\n");
        }
        assert!(kept("anna\nbob\n").expect_err("names").contains("its first line is not"));
    }
}
