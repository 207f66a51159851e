//! What the values of a record are: the equations of its `expr!`, by name and axes.

/// The equations of one record, in the order in which their values lie in it.
#[derive(Debug, Default)]
pub struct Equations(Vec<Equation>);

#[derive(Debug)]
struct Equation {
    name: &'static str,
    /// For each axis its length, and the value of the index where it begins.
    axes: Vec<(usize, usize)>,
}

impl Equations {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, name: &'static str, axes: &[(usize, usize)]) -> Self {
        self.0.push(Equation { name, axes: axes.to_vec() });
        self
    }

    /// The equation whose value lies at an offset of the record, and the indices of the element.
    pub(crate) fn find(&self, mut offset: usize) -> (String, Vec<usize>) {
        for Equation { name, axes } in &self.0 {
            let size: usize = axes.iter().map(|(len, _)| len).product();
            if offset < size {
                let mut index: Vec<usize> = axes
                    .iter()
                    .rev()
                    .map(|&(len, start)| {
                        let at = offset % len + start;
                        offset /= len;
                        at
                    })
                    .collect();
                index.reverse();
                return ((*name).to_owned(), index);
            }
            offset -= size;
        }
        ("an operand's copy".into(), vec![offset])
    }
}
