//! The body of a POST: `name[inner]=value`, in the order in which it was said.

/// Fields of a form. The order is kept, so that the same ask is the same body: Stripe compares a repeated key's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// As [`Form::with`], when there is something to say.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub fn fields(&self) -> &[(String, String)] {
        &self.0
    }
}
