use super::view::view;
use crate::provider::Setting;

view! {
    /// A name, and what it stands for.
    Setting as setting {
        "name": &str = setting.name.as_ref(),
        "description": &str = setting.description.as_ref(),
    }
}
