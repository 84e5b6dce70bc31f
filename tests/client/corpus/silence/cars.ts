interface Props { model: string; modelName?: string }
/* model: 'gpt-4o' */
export const car = { model: 'Golf', make: 'VW' };
export const view = { model: '/models/car', viewModel: 'acme/car' };
const model = useModel('users/list');
export const text = "model: 'gpt-4o' is a model";
