// Tokens that only look like ones: nobody signed them.

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export const jwt = (claims: object): string => `${encode({ alg: "HS256" })}.${encode(claims)}.`;
