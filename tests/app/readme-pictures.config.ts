// Pictures instead of tests: the same application and Chromium, driven to what the README shows.

import tests from './playwright.config.ts';

export default { ...tests, testMatch: 'readme-pictures.ts' };
