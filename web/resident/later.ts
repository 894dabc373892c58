// The page after its first question: one piece that comes while the question is read, so that the question is there sooner.
export { default as Conversation } from './Conversation.svelte'
export { default as Ended } from './Ended.svelte'
