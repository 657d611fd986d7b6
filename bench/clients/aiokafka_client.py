"""aiokafka's side of one measurement: `python3 aiokafka_client.py CASE name=value ...` prints one line of figures.

Changed from its defaults: max_batch_size 256 KiB and linger 5 ms when producing, max_poll_records none when consuming. P1 hands
over whole batches built with create_batch, its fastest way.
"""

import asyncio
import json
import resource
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

task = dict(pair.split("=", 1) for pair in sys.argv[2:])
count = int(task.get("count", 0))
warm_up = int(task.get("warmUp", 0))
size = int(task.get("size", 100))
topic = task.get("topic")
window = {}


def values():
    return [(f"{index:010d}" + "abcdefghijklmnopqrstuvwxyz" * 50)[:size].encode() for index in range(1000)]


def start():
    window["cpu"] = time.process_time()
    window["began"] = time.perf_counter()


def first():
    window.setdefault("first", time.perf_counter())


def stop(records, **more):
    seconds = time.perf_counter() - window.get("first", window["began"])
    figures = {
        "records": records,
        "cpuSeconds": time.process_time() - window["cpu"],
        "seconds": seconds,
        "peakRssMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **more,
    }
    print("\n@@" + json.dumps(figures), flush=True)


async def producer(**config):
    opened = AIOKafkaProducer(bootstrap_servers=task["brokers"].split(","), **config)
    await opened.start()
    return opened


async def consumer(auto_commit):
    opened = AIOKafkaConsumer(
        topic,
        bootstrap_servers=task["brokers"].split(","),
        group_id=task["group"],
        auto_offset_reset="earliest",
        enable_auto_commit=auto_commit,
    )
    await opened.start()
    return opened


async def produce():
    client = await producer(max_batch_size=262144)
    pool = values()
    partitions = sorted(await client.partitions_for(topic))

    async def run(records):
        answers = []
        batch = client.create_batch()
        turn = 0
        for index in range(records):
            value = pool[index % 1000]
            if batch.append(key=None, value=value, timestamp=None) is None:
                answers.append(await client.send_batch(batch, topic, partition=partitions[turn % len(partitions)]))
                turn += 1
                batch = client.create_batch()
                batch.append(key=None, value=value, timestamp=None)
        answers.append(await client.send_batch(batch, topic, partition=partitions[turn % len(partitions)]))
        await asyncio.gather(*answers)

    await run(warm_up)
    start()
    await run(count)
    stop(count)
    await client.stop()


async def produce_each():
    client = await producer(max_batch_size=262144, linger_ms=5)
    pool = values()

    async def run(records):
        done = 0
        while done < records:
            block = min(10_000, records - done)
            answers = [await client.send(topic, pool[index % 1000]) for index in range(block)]
            await asyncio.gather(*answers)
            done += block

    await run(warm_up)
    start()
    await run(count)
    stop(count)
    await client.stop()


async def consume():
    start()
    client = await consumer(True)
    records = 0
    volume = 0
    while records < count:
        for batch in (await client.getmany(timeout_ms=500)).values():
            first()
            for record in batch:
                volume += len(record.value)
            records += len(batch)
    stop(records, volume=volume)
    await client.stop()


async def pipe():
    writer = await producer(max_batch_size=262144, linger_ms=5)
    start()
    client = await consumer(False)
    records = 0
    while records < count:
        answers = []
        offsets = {}
        for partition, batch in (await client.getmany(timeout_ms=500, max_records=10_000)).items():
            first()
            for record in batch:
                answers.append(await writer.send(task["output"], record.value, key=record.value[:10]))
            offsets[TopicPartition(partition.topic, partition.partition)] = batch[-1].offset + 1
        if answers:
            await asyncio.gather(*answers)
            await client.commit(offsets)
            records += len(answers)
    stop(records)
    await client.stop()
    await writer.stop()


async def one_by_one():
    client = await producer()
    pool = values()
    for index in range(warm_up):
        await client.send_and_wait(topic, pool[index % 1000])
    times = []
    start()
    for index in range(count):
        before = time.perf_counter()
        await client.send_and_wait(topic, pool[index % 1000])
        times.append((time.perf_counter() - before) * 1000)
    times.sort()
    stop(count, p50Ms=times[count // 2], p99Ms=times[count * 99 // 100])
    await client.stop()


def resident():
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return -1.0


async def stopped():
    before = resident()
    start()
    client = await consumer(False)
    await client.getone()
    most = before
    until = time.monotonic() + int(task["seconds"])
    while time.monotonic() < until:
        await asyncio.sleep(0.1)
        most = max(most, resident())
    stop(1, growthMb=most - before, endGrowthMb=resident() - before)
    await client.stop()


cases = {"P1": produce, "P2": produce_each, "C1": consume, "E1": pipe, "P6": one_by_one, "M1": stopped}
asyncio.run(cases[sys.argv[1]]())
