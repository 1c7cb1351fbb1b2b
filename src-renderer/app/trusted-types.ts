// Lets the component library empty its live regions: it assigns an empty innerHTML, which the page's policy forbids
// like any other. Nothing but the empty string passes. Reference: W3C Trusted Types, default policy.

interface DefaultPolicyFactory {
  createPolicy(name: 'default', rules: { createHTML(html: string): string | null }): unknown;
}

const factory = (globalThis as { trustedTypes?: DefaultPolicyFactory }).trustedTypes;
factory?.createPolicy('default', { createHTML: (html) => (html === '' ? html : null) });
