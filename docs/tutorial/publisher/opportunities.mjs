// What an engine does: publish 50 opportunities, and wait until the broker has all of them.
import { randomUUID } from "node:crypto";
import { connect } from "amqplib";

const leg = (venue, outcome, odds) => ({
  odds,
  selection: { venue, market: "total", outcome, wins: [outcome] },
});

const opportunity = (number) => ({
  id: `t-${number}`,
  detected_ms: Date.now(),
  event: "Lakers - Celtics, total points 224.5",
  scenarios: ["over", "under"],
  stake: "100",
  leg_a: leg("exchange", "over", "2.02"),
  leg_b: leg("pool", "under", number % 6 ? "2.06" : "2.01"), // each sixth is thin
  hedges: [{ strategy: "unwind", offer: leg("exchange", "under", "1.90") }],
});

const message = (data) => ({
  specversion: "1.0",
  id: randomUUID(),
  source: "engine-1",
  type: "opportunity.detected",
  time: new Date().toISOString(),
  data,
});

const messages = Array.from({ length: 48 }, (_, index) => message(opportunity(index + 1)));
messages.push(message({ ...opportunity(49), stake: "a lot" })); // nobody can read this one
messages.push(messages[0]); // and this one was said before

const connection = await connect(process.env.ENGINE_URL);
const channel = await connection.createConfirmChannel();
for (const each of messages) {
  channel.publish("xarb.in", each.type, Buffer.from(JSON.stringify(each)), {
    contentType: "application/cloudevents+json",
    persistent: true,
    mandatory: true,
  });
}
await channel.waitForConfirms();
await connection.close();
console.log(`${messages.length} messages, all confirmed`);
