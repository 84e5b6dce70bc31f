const model = 'gpt-4o';
