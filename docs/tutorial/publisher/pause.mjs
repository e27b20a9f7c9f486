// Tells xarb to pause: node pause.mjs WHO WHY
import { createHmac, randomUUID } from "node:crypto";
import { connect } from "amqplib";

const [operator, reason] = process.argv.slice(2);
const [id, source, type, time] = [randomUUID(), "desk", "operator.pause", new Date().toISOString()];
const signed = JSON.stringify([id, source, type, time, operator, reason]);
const xarbsignature = createHmac("sha256", process.env.OPERATOR_KEY).update(signed).digest("hex");
const word = { specversion: "1.0", id, source, type, time, xarbsignature, data: { operator, reason } };

const connection = await connect(process.env.ENGINE_URL);
const channel = await connection.createConfirmChannel();
const contentType = "application/cloudevents+json";
channel.publish("xarb.in", type, Buffer.from(JSON.stringify(word)), { contentType, persistent: true });
await channel.waitForConfirms();
await connection.close();
console.log(`said ${type}`);
