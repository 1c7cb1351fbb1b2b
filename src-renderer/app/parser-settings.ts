// Loaded before any schema is made: the page's content security policy forbids code from strings, which the parser
// library would otherwise try.

import { z } from 'zod';

z.config({ jitless: true });
