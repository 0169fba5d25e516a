"use strict";
// The episodes of the page: an index, and blocks of records and texts that are unpacked when they are needed.
// How they are packed says packing.py.

const bytesOf = (base64) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
};

// Read by hand because that takes half the time of a Response over the stream.
const unpacked = async (base64) => {
  const unpacking = new DecompressionStream("deflate"), decoder = new TextDecoder();
  const writer = unpacking.writable.getWriter(), reader = unpacking.readable.getReader();
  const written = writer.write(bytesOf(base64)).then(() => writer.close());
  written.catch(() => {}); // the reader reports the same fault
  for (let text = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
};

// The blocks come last in the page: they are there once all of it is read.
const wholePage = () =>
  document.readyState === "loading"
    ? new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }))
    : Promise.resolve();

const idle = () =>
  new Promise((resolve) => {
    if (window.requestIdleCallback) requestIdleCallback(resolve, { timeout: 500 });
    else setTimeout(resolve, 50);
  });

const textOf = (id) => document.getElementById(id).textContent.trim();

// Returns the last i with starts[i] <= place.
const lastUpTo = (starts, place) => {
  let low = 0, high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= place) low = middle; else high = middle - 1;
  }
  return low;
};

// Returns where each text begins, and at last where the last one ends.
const startsOf = (lengths) => {
  const starts = [0];
  for (const length of lengths) starts.push(starts[starts.length - 1] + length);
  return starts;
};

// Returns a pattern of a text in any case. Texts are searched as they are: lower-case copies of all would take half the
// time of the first search, and as much memory again.
const patternOf = (text, flags = "") => new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), `${flags}iu`);

const AHEAD = 8; // blocks that are unpacked at the same time

class Block {
  constructor(raw) {
    const end = raw.indexOf("\n");
    const head = JSON.parse(raw.slice(0, end));
    this.records = head.records;
    this.body = raw.slice(end + 1);
    this.starts = startsOf(head.lengths);
  }

  text(i) {
    return this.body.slice(this.starts[i], this.starts[i + 1]);
  }

  // Calls found(i) for every text with a match of the pattern, which is global. A match that reaches into the next text
  // is none, and neither is any later one in the same text.
  search(pattern, found) {
    pattern.lastIndex = 0;
    for (let match; (match = pattern.exec(this.body)); ) {
      const i = lastUpTo(this.starts, match.index);
      if (match.index + match[0].length <= this.starts[i + 1]) found(i);
      pattern.lastIndex = this.starts[i + 1];
    }
  }
}

class Store {
  static async open() {
    return new Store(JSON.parse(await unpacked(textOf("packed-index"))));
  }

  constructor(index) {
    this.index = index;
    this.blocks = new Map();
    this.packed = wholePage().then(() => textOf("packed-blocks").split("\n"));
  }

  block(number) {
    if (!this.blocks.has(number)) this.blocks.set(number, this.unpack(number));
    return this.blocks.get(number);
  }

  async unpack(number) {
    const packed = (await this.packed)[number];
    try {
      return new Block(await unpacked(packed));
    } catch {
      throw new Error("This page is cut off or damaged: make it again with cppo report.");
    }
  }

  // Unpacks everything while nothing else is to be done, so that the first search need not wait for it.
  async unpackAll() {
    for (let number = 0; number < this.index.firsts.length; number += 1) {
      await idle();
      await this.ahead(number);
    }
  }

  // Returns a block; the next ones are being unpacked meanwhile, which the browser does partly beside the page.
  ahead(number) {
    const end = Math.min(number + AHEAD, this.index.firsts.length);
    for (let next = number; next < end; next += 1) this.block(next).catch(() => {});
    return this.block(number);
  }

  async text(number) {
    if (number === undefined || number < 0) return "";
    const owner = lastUpTo(this.index.firsts, number);
    return (await this.block(owner)).text(number - this.index.firsts[owner]);
  }

  // Returns the record of a problem with its texts in place of their numbers, or null when it was left out.
  async problem(set, id, number) {
    if (number < 0) return null;
    const record = (await this.block(number)).records[`${set}/${id}`];
    const filled = { ...record };
    for (const key of ["statement", "starter"]) filled[key] = await this.text(record[key]);
    const attempt = async (one) => ({
      ...one, method: await this.text(one.method), program: await this.text(one.program),
      detail: await this.text(one.detail),
    });
    const episode = async (one) => ({
      ...one, plan: await this.text(one.plan), detail: await this.text(one.detail), attempts: await Promise.all(one.attempts.map(attempt)),
    });
    const group = async (one) => ({ ...one, episodes: await Promise.all(one.episodes.map(episode)) });
    filled.arms = await Promise.all(record.arms.map((seeds) => Promise.all(seeds.map(group))));
    return filled;
  }

  // Returns a set of the numbers of all texts that contain the needle, or null when `wanted` no longer holds.
  async search(needle, wanted) {
    const hits = new Set();
    const pattern = patternOf(needle, "g");
    for (let number = 0; number < this.index.firsts.length; number += 1) {
      const block = await this.ahead(number);
      if (!wanted()) return null;
      block.search(pattern, (i) => hits.add(this.index.firsts[number] + i));
    }
    return hits;
  }

  // Whether one of the hits is a text of the problem, as far as `arms` and `seeds` (lists of numbers) go.
  async has(hits, set, id, number, arms, seeds) {
    if (number < 0) return false;
    const record = (await this.block(number)).records[`${set}/${id}`];
    if (hits.has(record.statement) || hits.has(record.starter)) return true;
    const within = (one) =>
      hits.has(one.plan) || hits.has(one.detail) ||
      one.attempts.some((attempt) => ["method", "program", "detail"].some((key) => hits.has(attempt[key])));
    return arms.some((arm) => seeds.some((seed) => record.arms[arm][seed].episodes.some(within)));
  }
}
