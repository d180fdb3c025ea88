//! What a scenario says that comes back of a command, a request, a file or a secret that a charm's own code asks for.

use super::Text;
use trustsim_yaml::{Map, Node, record};

record! {
    /// One answer: to a command, a request, the reading of a file, or of a secret of the model.
    pub struct AnswerDeclaration {
        /// The first words of a command, as the code runs it: on its machine, or in a container.
        command: Vec<String> = "command" [Extension],
        /// What the command prints (nothing).
        stdout: Text = "stdout" [Extension],
        /// With what code it ends (0).
        code: u32 = "code" [Extension],
        /// Files that it writes, by path (none).
        writes: Map<Text> = "writes" [Extension],
        /// Services of the machine that it starts again (none).
        restarts: Vec<String> = "restarts" [Extension],
        /// A request over HTTP: the method and the URL, with `*` for any letters.
        request: Text = "request" [Extension],
        /// The status of the response (200).
        status: u32 = "status" [Extension],
        /// The body of the response: a text, or what is sent as JSON (nothing).
        body: Node = "body" [Extension],
        /// A file of the machine's image, by its path.
        file: Text = "file" [Extension],
        /// The text of that file (nothing).
        text: Text = "text" [Extension],
        /// A secret of the model, which a person made: its id, as an option has it.
        secret: Text = "secret" [Extension],
        /// The fields of that secret (none).
        content: Map<Text> = "content" [Extension],
    }
}
