// Reads what has ended since the last time. The queue is ours: it fills also while nobody reads.
import { connect } from "amqplib";

const connection = await connect(process.env.ENGINE_URL);
const channel = await connection.createChannel();
const { queue } = await channel.assertQueue("desk.results", {
  durable: true,
  arguments: { "x-queue-type": "quorum" },
});
await channel.bindQueue(queue, "xarb.out", "execution.completed");

const ended = new Map(); // by the message's id: the same id twice is the same fact twice
let last;
for (let message; (message = await channel.get(queue)); last = message) {
  const { id, data } = JSON.parse(message.content);
  ended.set(id, data);
}
if (last) channel.ack(last, true); // all of them, now that they have been read

const ends = [...ended.values()].map(({ state, reason }) => (reason ? `${state} (${reason})` : state));
for (const end of [...new Set(ends)].sort()) {
  console.log(`${end}: ${ends.filter((each) => each === end).length}`);
}
console.log(`${ended.size} executions have ended`);
await channel.close();
await connection.close();
