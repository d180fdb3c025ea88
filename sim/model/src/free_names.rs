//! Names that something new can have in a model: of offers, and of what `juju integrate` takes (applications and
//! consumed offers, which share one space of names).

use crate::deployment::Deployment;
use crate::index::ModelIndex;

impl Deployment {
    /// The first of `wanted` that no offer of the model has; where offers have all of them, the last with a number.
    ///
    /// # Panics
    ///
    /// Where none is wanted.
    pub fn free_offer_name(&self, model: ModelIndex, wanted: &[&str]) -> String {
        first_free(wanted, |name| {
            let mut offers = self.offers.iter();
            offers.any(|offer| {
                offer.name == name && self.applications[offer.application].model == model
            })
        })
    }

    /// The first of `wanted` that no application and no consumed offer of the model has; where all are taken, the
    /// last with a number.
    ///
    /// # Panics
    ///
    /// Where none is wanted.
    pub fn free_local_name(&self, model: ModelIndex, wanted: &[&str]) -> String {
        first_free(wanted, |name| {
            let mut applications = self.applications.iter();
            let mut saas = self.saas.iter();
            applications.any(|app| app.model == model && app.name == name)
                || saas.any(|saas| saas.model == model && saas.name == name)
        })
    }
}

fn first_free(wanted: &[&str], is_taken: impl Fn(&str) -> bool) -> String {
    let last = wanted.last().expect("some name is wanted");
    let numbered = (2_u32..).map(|number| format!("{last}-{number}"));
    let wanted = wanted.iter().map(|name| (*name).to_owned());
    let mut names = wanted.chain(numbered);
    let free = names.find(|name| !is_taken(name));
    free.expect("there are more numbers than names in a model")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_the_first_number_that_is_free() {
        let taken = ["ca", "ca-send", "ca-send-2"];
        let free = |wanted: &[&str]| first_free(wanted, |name| taken.contains(&name));
        assert_eq!(free(&["root", "ca"]), "root");
        assert_eq!(free(&["ca", "root"]), "root");
        assert_eq!(free(&["ca", "ca-send"]), "ca-send-3");
    }
}
