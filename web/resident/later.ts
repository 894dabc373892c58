// Parts of the page that nobody needs in the first seconds: they come in one piece while the first question is read.
export { default as Choices } from './Choices.svelte'
export { default as Ended } from './Ended.svelte'
export { default as LiveCard } from './LiveCard.svelte'
export { default as LiveOffer } from './LiveOffer.svelte'
export { default as NextSteps } from './NextSteps.svelte'
export { default as PlaceMove } from './PlaceMove.svelte'
