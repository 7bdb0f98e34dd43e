// The official Node SDK in its documented use, with nothing but the base URL and key changed, which
// the environment tells it. Node's own test runner runs it, beside an installed `openai`.

import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import test from "node:test";
import OpenAI, { toFile } from "openai";

const client = new OpenAI();
const admin = process.env.OPENVIDEOS_EMULATOR_ADMIN_URL;
const adminKey = process.env.OPENVIDEOS_EMULATOR_ADMIN_KEY;
const secret = `whsec_${Buffer.from("the secret of the Node SDK's test").toString("base64")}`;
const picture = process.env.REFERENCE_PICTURE;
const clip = process.env.UPLOADED_VIDEO;

async function finished(video) {
  while (video.status === "in_progress" || video.status === "queued") {
    await new Promise((resolve) => setTimeout(resolve, 20));
    video = await client.videos.retrieve(video.id);
  }
  return video;
}

test("a video is created, polled and retrieved", async () => {
  const created = await client.videos.create({
    model: "sora-2",
    prompt: "A calico cat playing a piano on stage",
    seconds: "8",
    size: "1280x720",
  });
  assert.equal(created.status, "queued");
  const video = await finished(created);
  assert.equal(video.status, "completed");
  assert.equal(video.progress, 100);
  assert.deepEqual([video.seconds, video.size], ["8", "1280x720"]);
  assert.deepEqual(await client.videos.retrieve(video.id), video);
});

test("a list is iterated over all its pages", async () => {
  const own = new OpenAI({ apiKey: `${client.apiKey}-list` });
  const made = [];
  for (let number = 0; number < 5; number++) {
    made.push((await own.videos.create({ prompt: String(number) })).id);
  }
  const seen = [];
  for await (const video of own.videos.list({ limit: 2 })) seen.push(video.id);
  assert.deepEqual(seen, made.reverse());
});

test("the three variants are downloaded, a video is remixed, edited, extended and deleted", async () => {
  const video = await finished(await client.videos.create({ prompt: "A cat" }));
  const content = Buffer.from(await (await client.videos.downloadContent(video.id)).arrayBuffer());
  assert.equal(content.subarray(4, 8).toString(), "ftyp");
  for (const [variant, kind] of [["thumbnail", "image/webp"], ["spritesheet", "image/jpeg"]]) {
    const answer = await client.videos.downloadContent(video.id, { variant });
    assert.equal(answer.headers.get("content-type"), kind);
    assert.ok((await answer.arrayBuffer()).byteLength > 100);
  }
  const remix = await client.videos.remix(video.id, { prompt: "A dog" });
  assert.equal(remix.remixed_from_video_id, video.id);
  const edit = await client.videos.edit({ prompt: "At night", video: { id: video.id } });
  assert.equal(edit.status, "queued");
  const extension = await client.videos.extend({
    prompt: "It goes on",
    seconds: "4",
    video: { id: video.id },
  });
  assert.equal(extension.seconds, "8");
  assert.equal((await client.videos.delete(video.id)).deleted, true);
  await assert.rejects(client.videos.retrieve(video.id), OpenAI.NotFoundError);
});

test("files are sent as reference, as character and as video to edit", async () => {
  const reference = await client.videos.create({
    prompt: "x",
    input_reference: await toFile(fs.createReadStream(picture), "reference.png", {
      type: "image/png",
    }),
  });
  assert.equal(reference.status, "queued");
  const base64 = fs.readFileSync(picture).toString("base64");
  for (const input_reference of [
    { image_url: `data:image/png;base64,${base64}` },
    { file_id: "file-abc123" },
  ]) {
    const video = await client.videos.create({ prompt: "x", input_reference });
    assert.equal(video.status, "queued");
  }
  const character = await client.videos.createCharacter({
    name: "Mossy",
    video: fs.createReadStream(clip),
  });
  assert.deepEqual(await client.videos.getCharacter(character.id), character);
  const edit = await client.videos.edit({ prompt: "x", video: fs.createReadStream(clip) });
  assert.equal(edit.status, "queued");
});

test("errors are the SDK's own with the official messages", async () => {
  await assert.rejects(client.videos.create({ prompt: "x", seconds: "5" }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.match(error.message, /Invalid value: '5'. Supported values are: '4', '8', and '12'./);
    assert.deepEqual([error.param, error.code], ["seconds", "invalid_value"]);
    assert.ok(error.requestID);
    return true;
  });
});

test("a delivered event is unwrapped", async () => {
  const own = new OpenAI({ apiKey: `${client.apiKey}-webhooks`, webhookSecret: secret });
  let received;
  const arrived = new Promise((resolve) => (received = resolve));
  const server = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    received({ body: Buffer.concat(parts).toString(), headers: request.headers });
    response.writeHead(204).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const answer = await fetch(`${admin}/webhook`, {
    method: "PUT",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ key: own.apiKey, url, secret }),
  });
  assert.equal(answer.status, 200, await answer.text());
  const video = await own.videos.create({ prompt: "x" });
  const { body, headers } = await arrived;
  const event = await own.webhooks.unwrap(body, headers);
  assert.equal(event.type, "video.completed");
  assert.equal(event.data.id, video.id);
  await assert.rejects(
    own.webhooks.unwrap(body.replace("completed", "failed"), headers),
    OpenAI.InvalidWebhookSignatureError,
  );
  await new Promise((resolve) => server.close(resolve));
});
