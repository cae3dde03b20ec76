//! Which tensors a decoder needs: the names of its architecture, spelled out for its blocks and experts.

use crate::arch::{Architecture, BlockNames, Owner};
use crate::checkpoint::tensors::Tensors;
use crate::{Config, ModelError};

/// Where an expert's number stands in a name.
const EXPERT: &str = "{expert}";

/// The modules that hold a decoder's tensors: `model.layers.0.self_attn.q_proj`. What lies under a module depends on how
/// it is stored, as `weight`, `qweight` or `weight_packed`.
#[derive(Clone)]
pub(crate) struct Needed {
    architecture: &'static Architecture,
    /// The names of each block.
    blocks: Vec<&'static BlockNames>,
    experts: usize,
    shared: bool,
    tied: bool,
}

impl Needed {
    /// What the decoder of this configuration needs.
    pub fn of(architecture: &'static Architecture, config: &Config) -> Self {
        let experts = config.experts.map_or(0, |experts| experts.count);
        let shared = config.experts.is_some_and(|experts| experts.shared.is_some());
        let blocks = (0..config.layers).map(|layer| (architecture.inner)(config, layer)).collect();
        Self { architecture, blocks, experts, shared, tied: config.tie_embeddings }
    }

    /// Whether experts lie in one tensor each for all of them.
    pub fn stacks_experts(&self) -> bool {
        self.architecture.stacked_experts
    }

    /// What names have before them, or after the prefix, where the decoder is a part of a larger model.
    pub fn inside(&self) -> Option<&'static str> {
        self.architecture.inside
    }

    /// The embedding's tensor.
    pub fn embedding(&self) -> &'static str {
        self.architecture.outer.embed
    }

    /// The head's module.
    pub fn head(&self) -> &'static str {
        self.architecture.outer.head
    }

    /// What stands before the names of all modules but the head's: `model.`
    pub fn prefix(&self) -> &'static str {
        let block = self.architecture.outer.block;
        block.find('.').map_or("", |dot| &block[..=dot])
    }

    /// Whether a tensor belongs to one of the modules, of any block and expert.
    pub fn knows(&self, tensor: &str) -> bool {
        let Some((module, _)) = tensor.rsplit_once('.') else { return false };
        let outer = &self.architecture.outer;
        let of_block = || {
            let (block, inner) = module.strip_prefix(outer.block)?.split_once('.')?;
            let of_any = || self.kinds().any(|names| inner_modules(names).any(|name| is_like(name, inner)));
            let stacked = self.stacks_experts() && inner == "mlp.experts";
            (is_number(block) && (stacked || of_any())).then_some(())
        };
        module == outer.head || [outer.embed, outer.norm].map(module_of).contains(&module) || of_block().is_some()
    }

    /// The first module that no tensor belongs to, as the name of its weight.
    pub fn first_absent(&self, tensors: &Tensors) -> Option<String> {
        let outer = &self.architecture.outer;
        let head = [outer.head].into_iter().filter(|_| !self.tied);
        let ends = [module_of(outer.embed), module_of(outer.norm)].into_iter().chain(head).map(str::to_owned);
        // One by one: a configuration may lie about its blocks by the billion.
        let blocks = (0..self.blocks.len()).flat_map(|layer| self.modules_of(layer));
        let absent = ends.chain(blocks).find(|module| !tensors.has_module(module));
        absent.map(|module| format!("{module}.weight"))
    }

    /// The kinds of blocks, each once.
    fn kinds(&self) -> impl Iterator<Item = &'static BlockNames> {
        let first = |at: usize| !self.blocks[..at].iter().any(|other| std::ptr::eq(*other, self.blocks[at]));
        (0..self.blocks.len()).filter(move |&at| at == 0 || first(at)).map(|at| self.blocks[at])
    }

    fn modules_of(&self, layer: usize) -> impl Iterator<Item = String> {
        let (block, count, shared) = (self.architecture.outer.block, self.experts, self.shared);
        let names = self.blocks[layer];
        let absent = names.groups.iter().filter(move |group| group.owner == Owner::Shared && !shared);
        let absent: Vec<&str> = absent.flat_map(|group| group.linears).map(|linear| linear.name).collect();
        inner_modules(names).filter(move |name| !absent.contains(name)).flat_map(move |name| {
            let copies = if name.contains(EXPERT) { count } else { 1 };
            (0..copies).map(move |expert| format!("{block}{layer}.{}", name.replace(EXPERT, &expert.to_string())))
        })
    }

    /// The error that tensor `name` is in no file, with the nearest of what is.
    pub fn lacking(&self, tensors: &Tensors, name: &str) -> ModelError {
        tensors.lacking(name, self.why(tensors, name))
    }

    fn why(&self, tensors: &Tensors, name: &str) -> String {
        let names = || tensors.names();
        if names().any(|name| name.contains(".lora_A")) {
            return "the files hold a LoRA adapter: merge it into the model that it was trained on (peft: \
                    merge_and_unload, then save_pretrained)"
                .to_owned();
        }
        let bare = name.strip_prefix(self.prefix()).unwrap_or(name);
        let prefixed = names().find_map(|other| {
            let before = other.strip_suffix(bare).filter(|before| before.ends_with('.') && *before != self.prefix())?;
            Some((before, other))
        });
        if let Some((prefix, other)) = prefixed {
            return format!(
                "the files have `{other}`: what stands before it, `{prefix}`, is not taken off, nor does transformers; \
                 save the model that is inside on its own"
            );
        }
        let Some((block, layer)) = self.block_of(name) else { return self.why_outside(tensors, name) };
        let blocks = names().filter_map(|name| self.block_of(name)).map(|(_, layer)| layer).max();
        match blocks {
            Some(last) if last < layer => {
                format!(
                    "the files hold blocks 0 to {last}, and config.json has num_hidden_layers {}",
                    self.blocks.len()
                )
            }
            _ => {
                let of_block: Vec<&str> = names().filter_map(|other| other.strip_prefix(block)).take(12).collect();
                match of_block.is_empty() {
                    true => sample_of(tensors),
                    false => format!(
                        "of this block they hold {}: it is of another architecture than config.json's `{}`, or not whole",
                        of_block.join(", "),
                        self.architecture.model_type
                    ),
                }
            }
        }
    }

    /// What a tensor's name begins with in its block, `model.layers.3.`, and the block's number.
    fn block_of<'n>(&self, name: &'n str) -> Option<(&'n str, usize)> {
        let start = self.architecture.outer.block;
        let (number, _) = name.strip_prefix(start)?.split_once('.')?;
        Some((&name[..start.len() + number.len() + 1], number.parse().ok()?))
    }

    fn why_outside(&self, tensors: &Tensors, name: &str) -> String {
        if module_of(name) == self.head() && tensors.has(self.embedding()) {
            return "there is no output head: config.json has tie_word_embeddings false, or lacks it (set it to true if \
                    the head is the embedding), or this is a base model's file, which has none"
                .to_owned();
        }
        if name == self.embedding() && tensors.has_module(self.head()) {
            return "there is a head, and config.json does not say that it is the embedding too; set tie_word_embeddings \
                    to true if it is"
                .to_owned();
        }
        sample_of(tensors)
    }
}

/// A few of the names that there are.
fn sample_of(tensors: &Tensors) -> String {
    let names: Vec<&str> = tensors.names().take(4).collect();
    match names.is_empty() {
        true => "they hold no tensors at all".to_owned(),
        false => format!("they hold {} tensors, among them {}", tensors.names().count(), names.join(", ")),
    }
}

/// The modules of a block.
fn inner_modules(names: &'static BlockNames) -> impl Iterator<Item = &'static str> {
    let of_stream = [names.attention_norm, names.attention_post_norm, names.mlp_norm, names.mlp_post_norm];
    let single = of_stream.into_iter().chain(names.latent_norms).chain([names.sinks]).flatten();
    let of_heads = names.head_norms.into_iter().flat_map(|norms| norms.names);
    let routers = names.router.into_iter().flat_map(|router| [Some(router.gate), router.shared_gate]).flatten();
    let linears = names.groups.iter().flat_map(|group| group.linears).map(|linear| linear.name);
    single.chain(of_heads).map(module_of).chain(routers).chain(linears)
}

/// `model.norm` of `model.norm.weight`.
fn module_of(tensor: &str) -> &str {
    tensor.rsplit_once('.').map_or(tensor, |(module, _)| module)
}

/// Whether a name is that of the table, with some expert's number.
fn is_like(name: &str, found: &str) -> bool {
    match name.split_once(EXPERT) {
        None => name == found,
        Some((before, after)) => {
            found.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).is_some_and(is_number)
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
