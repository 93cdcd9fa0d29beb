// Reads messages from a topic with kafkajs and its registry client, prints each as a JSON line, and
// sends each to another topic as that client encodes it.
//   node interop.cjs BROKERS REGISTRY_URL TOPIC BACK_TOPIC COUNT
const { Kafka, logLevel } = require('kafkajs')
const { SchemaRegistry } = require('@kafkajs/confluent-schema-registry')

async function main([brokers, host, topic, back, count]) {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR })
  const registry = new SchemaRegistry({ host })
  const consumer = kafka.consumer({ groupId: `node-${topic}` })
  const producer = kafka.producer()
  await Promise.all([consumer.connect(), producer.connect()])
  await consumer.subscribe({ topic, fromBeginning: true })
  let left = Number(count)
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    consumer.run({
      eachMessage: async ({ message }) => {
        const value = await registry.decode(message.value)
        console.log(JSON.stringify(value))
        const encoded = await registry.encode(message.value.readUInt32BE(1), value)
        await producer.send({ topic: back, messages: [{ key: message.key, value: encoded }] })
        left -= 1
        if (left === 0) resolve()
      },
    })
  })
  await Promise.all([consumer.disconnect(), producer.disconnect()])
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error)
  process.exit(1)
})
