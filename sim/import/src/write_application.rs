//! An application of a scenario that is written, with its options, offers and what it publishes.

use trustsim_yaml::Place;

use crate::addresses::load_balancer;
use crate::dump::{ApplicationDump, ModelDump};
use crate::secrets::has_option;
use crate::text::{quoted, scalar};
use crate::write::{Item, Writer};

impl Writer<'_> {
    pub(crate) fn application(
        &mut self,
        at: usize,
        name: &str,
        read: &ApplicationDump,
        model: &ModelDump,
    ) {
        let kubernetes = model.kubernetes == Some(true);
        let whole = Item::Application(at, name.to_owned());
        self.cited(
            &format!("      {}:", quoted(name)),
            whole.clone(),
            read.place,
        );
        let key = |key| Item::Key(at, name.to_owned(), key);
        // A charm without which the application is nothing.
        if let Some(charm) = &read.charm {
            let charm_text = match self.is_path(&charm.value) {
                true => self.relative(&charm.value),
                false => charm.value.clone(),
            };
            let text = format!("        charm: {}", quoted(&charm_text));
            self.push_fact(&text, whole, charm.place, read.place);
        }
        for (key_name, fact) in [("channel", &read.channel), ("base", &read.base)] {
            if let Some(fact) = fact {
                let text = format!("        {key_name}: {}", quoted(&fact.value));
                self.push_fact(&text, key(key_name), fact.place, read.place);
            }
        }
        if let Some(revision) = &read.revision {
            let text = format!("        revision: {}", revision.value);
            self.push_fact(&text, key("revision"), revision.place, read.place);
        }
        if let Some(units) = &read.units {
            let unit_key = if kubernetes { "scale" } else { "num_units" };
            let text = format!("        {unit_key}: {}", units.value);
            self.push_fact(&text, key("units"), units.place, read.place);
        }
        if !read.to.is_empty() && !kubernetes {
            let to: Vec<String> = read.to.iter().map(|to| quoted(&to.value)).collect();
            let text = format!("        to: [{}]", to.join(", "));
            let places = read.to.iter().map(|to| to.place);
            self.push_facts(text, key("to"), places, read.place);
        }
        if !read.bindings.is_empty() && !kubernetes {
            let bound = read.bindings.iter();
            let bound =
                bound.map(|(name, space)| format!("{}: {}", quoted(name), quoted(&space.value)));
            let bound: Vec<String> = bound.collect();
            let text = format!("        bindings: {{{}}}", bound.join(", "));
            let places = read.bindings.values().map(|space| space.place);
            self.push_facts(text, key("bindings"), places, read.place);
        }
        if let Some(constraints) = read.constraints.as_ref().filter(|_| !kubernetes) {
            let text = format!("        constraints: {}", quoted(&constraints.value));
            self.push_fact(&text, key("constraints"), constraints.place, read.place);
        }
        if let Some(address) = load_balancer(name, read, model) {
            let text = format!(
                "        load-balancer: {{address: {}}}",
                quoted(&address.value)
            );
            self.push_fact(&text, key("load-balancer"), address.place, read.place);
        }
        self.options(at, name, read);
        self.offers(at, name, read);
        self.published(at, name, read, model);
    }

    /// The URLs that its units publish.
    fn published(&mut self, at: usize, name: &str, read: &ApplicationDump, model: &ModelDump) {
        let item = Item::Key(at, name.to_owned(), "published");
        let Some(endpoints) = model.published.get(name) else {
            return;
        };
        let head = "        published:".to_owned();
        self.push(head, item.clone(), Some(read.place));
        for (endpoint, urls) in endpoints {
            let each: Vec<String> = urls.keys().map(|url| quoted(url)).collect();
            let text = format!("          {}: [{}]", quoted(endpoint), each.join(", "));
            self.push_facts(text, item.clone(), urls.values().copied(), read.place);
        }
    }

    /// A fact of an application; its place is said where it is another one than that of the application.
    fn push_fact(&mut self, text: &str, item: Item, place: Place, of: Place) {
        self.push_facts(text.to_owned(), item, std::iter::once(place), of);
    }

    /// The same of what several places say.
    fn push_facts(
        &mut self,
        text: String,
        item: Item,
        places: impl Iterator<Item = Place> + Clone,
        of: Place,
    ) {
        let first = places.clone().next();
        let others = places.filter(|place| self.origin(*place) != self.origin(of));
        let line = self.with_origins(text, others);
        self.push(line, item, first);
    }

    fn options(&mut self, at: usize, name: &str, read: &ApplicationDump) {
        let item = |option: &String| Item::Option(at, name.to_owned(), option.clone());
        let kept = read
            .options
            .iter()
            .filter(|(option, _)| !self.is_left_out(item(option)));
        let kept: Vec<_> = kept.collect();
        // Without any, `options:` would be nothing.
        let mut secrets = read.secrets.keys();
        let stands_in = secrets.any(|one| has_option(read, one) && !self.is_left_out(item(one)));
        if !kept.is_empty() || stands_in {
            self.frame("        options:");
        }
        for (option, value) in kept {
            let text = format!("          {}: {}", quoted(option), scalar(&value.value));
            self.push_fact(&text, item(option), value.place, read.place);
        }
        self.secrets(at, name, read);
    }

    fn offers(&mut self, at: usize, name: &str, read: &ApplicationDump) {
        let item = |offer: &String| Item::Offer(at, name.to_owned(), offer.clone());
        let kept = read
            .offers
            .iter()
            .filter(|(offer, _)| !self.is_left_out(item(offer)));
        let kept: Vec<_> = kept.collect();
        if !kept.is_empty() {
            self.frame("        offers:");
        }
        for (offer, said) in kept {
            let endpoints: Vec<String> = said.endpoints.keys().map(|name| quoted(name)).collect();
            let text = format!(
                "          {}: {{endpoints: [{}]}}",
                quoted(offer),
                endpoints.join(", ")
            );
            self.push_fact(&text, item(offer), said.place, read.place);
        }
    }

    fn is_path(&self, charm: &str) -> bool {
        !charm.contains(':') && (charm.contains('/') || charm.ends_with(".charm"))
    }
}
