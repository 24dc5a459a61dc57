use super::check::{Check, Subject};
use super::template::Template;

/// How deep parentheses and `not`s may be nested.
const DEEPEST: usize = 64;

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A word that is neither an operator nor a check.
    #[error("'{0}' is not a check; a check is kind:match, @ or !")]
    NotACheck(String),
    /// A check or an operator too much.
    #[error("'{0}' is not expected there")]
    Unexpected(String),
    /// A check is missing at the end.
    #[error("it ends where a check is expected")]
    Unfinished,
    /// An opening parenthesis without its closing one.
    #[error("a parenthesis is not closed")]
    Unclosed,
    /// More nesting than anybody needs.
    #[error("it is nested more than {DEEPEST} deep")]
    TooDeep,
    /// A percent sign that is not part of `%(name)s` or `%%`.
    #[error("'{0}': behind a percent sign stands (name)s, or another percent sign")]
    Template(String),
    /// A check that asks another server.
    #[error("'{0}': checks that ask a server are not supported")]
    Remote(String),
}

impl Check {
    /// Reads a rule as it is written: `role:member and project_id:%(project_id)s`. An empty text
    /// allows everybody.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Ok(Self::Always);
        }
        let mut parser = Parser {
            tokens: tokens.into_iter().peekable(),
            depth: 0,
        };
        let check = parser.any()?;
        match parser.tokens.next() {
            None => Ok(check),
            Some(token) => Err(ParseError::Unexpected(token.to_string())),
        }
    }

    /// Reads one check, without operators: an item of the older form, a list of lists.
    pub(super) fn parse_one(text: &str) -> Result<Self, ParseError> {
        match text {
            "@" => return Ok(Self::Always),
            "!" => return Ok(Self::Never),
            _ => {}
        }
        let (kind, matched) = text
            .split_once(':')
            .filter(|(kind, _)| !kind.is_empty())
            .ok_or_else(|| ParseError::NotACheck(text.to_owned()))?;
        Ok(match kind {
            "rule" => Self::Rule(matched.to_owned()),
            "role" => Self::Role(Template::parse(matched)?),
            "http" | "https" => return Err(ParseError::Remote(text.to_owned())),
            _ => Self::Compare {
                subject: subject(kind),
                template: Template::parse(matched)?,
            },
        })
    }
}

fn subject(kind: &str) -> Subject {
    let quoted = ['\'', '"']
        .iter()
        .find_map(|quote| kind.strip_prefix(*quote)?.strip_suffix(*quote));
    let is_word = matches!(kind, "True" | "False" | "None");
    let is_number = kind.parse::<i64>().is_ok_and(|n| n.to_string() == kind);
    let written = kind.to_owned();
    match quoted {
        Some(value) => Subject::Literal {
            written,
            value: value.to_owned(),
        },
        None if is_word || is_number => Subject::Literal {
            value: written.clone(),
            written,
        },
        None => Subject::Attribute(written),
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Check(Check),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open => f.write_str("("),
            Self::Close => f.write_str(")"),
            Self::And => f.write_str("and"),
            Self::Or => f.write_str("or"),
            Self::Not => f.write_str("not"),
            Self::Check(check) => write!(f, "{check}"),
        }
    }
}

/// Splits at blanks; parentheses count at the ends of a word only.
fn tokens(text: &str) -> Result<Vec<Token>, ParseError> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        let inner = word.trim_start_matches('(');
        tokens.extend((inner.len()..word.len()).map(|_| Token::Open));
        let bare = inner.trim_end_matches(')');
        match bare.to_lowercase().as_str() {
            "" => {}
            "and" => tokens.push(Token::And),
            "or" => tokens.push(Token::Or),
            "not" => tokens.push(Token::Not),
            _ => tokens.push(Token::Check(Check::parse_one(bare)?)),
        }
        tokens.extend((bare.len()..inner.len()).map(|_| Token::Close));
    }
    Ok(tokens)
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    fn any(&mut self) -> Result<Check, ParseError> {
        let first = self.all()?;
        let mut parts = vec![first];
        while self.tokens.next_if_eq(&Token::Or).is_some() {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Check::Any))
    }

    fn all(&mut self) -> Result<Check, ParseError> {
        let first = self.one()?;
        let mut parts = vec![first];
        while self.tokens.next_if_eq(&Token::And).is_some() {
            parts.push(self.one()?);
        }
        Ok(one_or(parts, Check::All))
    }

    fn one(&mut self) -> Result<Check, ParseError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(ParseError::TooDeep);
        }
        let check = match self.tokens.next() {
            Some(Token::Check(check)) => Ok(check),
            Some(Token::Not) => Ok(Check::Not(Box::new(self.one()?))),
            Some(Token::Open) => {
                let inner = self.any()?;
                match self.tokens.next() {
                    Some(Token::Close) => Ok(inner),
                    Some(other) => Err(ParseError::Unexpected(other.to_string())),
                    None => Err(ParseError::Unclosed),
                }
            }
            Some(other @ (Token::Close | Token::And | Token::Or)) => {
                Err(ParseError::Unexpected(other.to_string()))
            }
            None => Err(ParseError::Unfinished),
        };
        self.depth -= 1;
        check
    }
}

/// Returns the only part, or all of them put together.
pub(super) fn one_or(mut parts: Vec<Check>, together: impl Fn(Vec<Check>) -> Check) -> Check {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            together(parts)
        }
        None => together(parts),
    }
}

#[cfg(test)]
mod tests;
