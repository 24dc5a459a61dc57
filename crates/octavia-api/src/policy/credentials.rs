/// Who calls, as rules see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user_id: Option<String>,
    /// The user's name; rules do not see it.
    pub user_name: Option<String>,
    /// The user's domain.
    pub user_domain_id: Option<String>,
    /// The project that the token is for.
    pub project_id: Option<String>,
    /// The project's domain.
    pub project_domain_id: Option<String>,
    /// The domain that the token is for, instead of a project.
    pub domain_id: Option<String>,
    /// `all`, when the token is for the whole system.
    pub system_scope: Option<String>,
    /// The roles, in that project, domain or system.
    pub roles: Vec<String>,
    /// The service that passes the user's request on.
    pub service_user_id: Option<String>,
    /// That service's domain.
    pub service_user_domain_id: Option<String>,
    /// That service's project.
    pub service_project_id: Option<String>,
    /// The domain of that project.
    pub service_project_domain_id: Option<String>,
    /// That service's roles.
    pub service_roles: Vec<String>,
    /// The project is the one that administers the cloud; Keystone says so.
    pub is_admin_project: bool,
    /// The outcome of rule `context_is_admin`, found once a request.
    pub is_admin: bool,
}

impl Credentials {
    /// Returns the kind of thing that the token is for, as rules name it.
    pub(super) const fn scope(&self) -> &'static str {
        if self.system_scope.is_some() {
            "system"
        } else if self.domain_id.is_some() {
            "domain"
        } else {
            "project"
        }
    }

    /// Returns what an attribute is: one value, all of a list, or nothing.
    pub(super) fn attribute(&self, name: &str) -> Vec<&str> {
        let one = match name {
            "roles" => return self.roles.iter().map(String::as_str).collect(),
            "service_roles" => return self.service_roles.iter().map(String::as_str).collect(),
            "is_admin" => return vec![python_bool(self.is_admin)],
            "is_admin_project" => return vec![python_bool(self.is_admin_project)],
            "user_id" | "user" => &self.user_id,
            "user_domain_id" | "user_domain" => &self.user_domain_id,
            "project_id" | "tenant_id" | "project" | "tenant" => &self.project_id,
            "project_domain_id" | "project_domain" => &self.project_domain_id,
            "domain_id" | "domain" => &self.domain_id,
            "system_scope" => &self.system_scope,
            "service_user_id" => &self.service_user_id,
            "service_user_domain_id" => &self.service_user_domain_id,
            "service_project_id" => &self.service_project_id,
            "service_project_domain_id" => &self.service_project_domain_id,
            _ => return Vec::new(),
        };
        one.as_deref().into_iter().collect()
    }
}

const fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
