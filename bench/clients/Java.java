import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Java client's side of one measurement: {@code Java CASE name=value ...} prints one line of figures. */
final class Java {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final Map<String, String> TASK = new HashMap<>();
  private static long cpuBefore;
  private static long began;
  private static long firstRecord;

  public static void main(String[] args) throws Exception {
    for (String arg : Arrays.asList(args).subList(1, args.length)) {
      TASK.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
    }
    switch (args[0]) {
      case "fill", "P1", "P5" -> produce(null);
      case "P2" -> produceEach();
      case "C1" -> consume();
      case "E1" -> pipe();
      case "E2" -> exactlyOnce();
      case "P6" -> oneByOne();
      case "M1" -> stopped();
      default -> throw new IllegalArgumentException(args[0]);
    }
    System.exit(0);
  }

  private static String text(String name) {
    return TASK.get(name);
  }

  private static int number(String name) {
    return Integer.parseInt(TASK.getOrDefault(name, "0"));
  }

  private static void start() {
    cpuBefore = SYSTEM.getProcessCpuTime();
    began = System.nanoTime();
  }

  private static void first() {
    if (firstRecord == 0) firstRecord = System.nanoTime();
  }

  private static void stop(long records, String more) throws Exception {
    double cpu = (SYSTEM.getProcessCpuTime() - cpuBefore) / 1e9;
    double seconds = (System.nanoTime() - (firstRecord == 0 ? began : firstRecord)) / 1e9;
    String line = "@@{\"records\":%d,\"cpuSeconds\":%.4f,\"seconds\":%.4f,\"peakRssMb\":%.1f%s}%n";
    System.out.printf(Locale.ROOT, line, records, cpu, seconds, memory("VmHWM"), more);
  }

  /** Megabytes, from the process's own status; -1 where the system has no such file. */
  private static double memory(String name) throws Exception {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) return -1;
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith(name + ":")) return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
    }
    return -1;
  }

  private static byte[][] values() {
    byte[][] pool = new byte[1000][];
    java.util.Random random = new java.util.Random(1);
    for (int index = 0; index < pool.length; index++) {
      StringBuilder value = new StringBuilder(String.format("%010d", index));
      while (value.length() < number("size")) value.append((char) ('a' + random.nextInt(26)));
      pool[index] = value.toString().getBytes(StandardCharsets.US_ASCII);
    }
    return pool;
  }

  private static KafkaProducer<byte[], byte[]> producer(String... more) {
    Properties config = new Properties();
    config.put("bootstrap.servers", text("brokers"));
    for (int index = 0; index < more.length; index += 2) config.put(more[index], more[index + 1]);
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static KafkaProducer<byte[], byte[]> fastProducer() {
    return producer("batch.size", "262144", "linger.ms", "5", "buffer.memory", "67108864");
  }

  private static KafkaConsumer<byte[], byte[]> consumer(boolean autoCommit) {
    return consumer(autoCommit, 10_000);
  }

  private static KafkaConsumer<byte[], byte[]> consumer(boolean autoCommit, int pollRecords) {
    Properties config = new Properties();
    config.put("bootstrap.servers", text("brokers"));
    config.put("group.id", text("group"));
    config.put("auto.offset.reset", "earliest");
    config.put("max.poll.records", Integer.toString(pollRecords));
    config.put("enable.auto.commit", Boolean.toString(autoCommit));
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    consumer.subscribe(List.of(text("topic")));
    return consumer;
  }

  private static void produce(Callback callback) throws Exception {
    try (KafkaProducer<byte[], byte[]> producer = fastProducer()) {
      byte[][] pool = values();
      for (int phase = 0; phase < 2; phase++) {
        int count = phase == 0 ? number("warmUp") : number("count");
        if (phase == 1) start();
        for (int index = 0; index < count; index++) {
          producer.send(new ProducerRecord<>(text("topic"), pool[index % pool.length]), callback);
        }
        producer.flush();
      }
      stop(number("count"), "");
    }
  }

  private static void produceEach() throws Exception {
    AtomicLong acknowledged = new AtomicLong();
    AtomicReference<Exception> failure = new AtomicReference<>();
    produce(
        (metadata, error) -> {
          if (error != null) failure.set(error);
          else acknowledged.incrementAndGet();
        });
    if (failure.get() != null) throw failure.get();
    if (acknowledged.get() != number("count") + number("warmUp")) throw new IllegalStateException("lost");
  }

  private static void consume() throws Exception {
    long records = 0;
    long volume = 0;
    start();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(true)) {
      while (records < number("count")) {
        ConsumerRecords<byte[], byte[]> batch = consumer.poll(Duration.ofMillis(500));
        if (batch.count() > 0) first();
        for (ConsumerRecord<byte[], byte[]> record : batch) volume += record.value().length;
        records += batch.count();
      }
      stop(records, ",\"volume\":" + volume);
    }
  }

  private static void pipe() throws Exception {
    long records = 0;
    AtomicReference<Exception> failure = new AtomicReference<>();
    Callback check = (metadata, error) -> {
      if (error != null) failure.set(error);
    };
    start();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(false);
        KafkaProducer<byte[], byte[]> producer = fastProducer()) {
      while (records < number("count")) {
        ConsumerRecords<byte[], byte[]> batch = consumer.poll(Duration.ofMillis(500));
        if (batch.count() > 0) first();
        for (ConsumerRecord<byte[], byte[]> record : batch) {
          byte[] value = record.value();
          producer.send(new ProducerRecord<>(text("output"), Arrays.copyOf(value, 10), value), check);
        }
        producer.flush();
        if (failure.get() != null) throw failure.get();
        consumer.commitAsync();
        records += batch.count();
      }
      consumer.commitSync();
      stop(records, "");
    }
  }

  /** One transaction per poll of at most 500 records. */
  private static void exactlyOnce() throws Exception {
    long records = -number("warmUp");
    if (records == 0) start();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(false, 500);
        KafkaProducer<byte[], byte[]> producer =
            producer(
                "batch.size", "262144",
                "linger.ms", "5",
                "transactional.id", "bench-" + ProcessHandle.current().pid())) {
      producer.initTransactions();
      while (records < number("count")) {
        ConsumerRecords<byte[], byte[]> batch = consumer.poll(Duration.ofMillis(500));
        if (batch.isEmpty()) continue;
        if (records >= 0) first();
        producer.beginTransaction();
        for (ConsumerRecord<byte[], byte[]> record : batch) {
          byte[] value = record.value();
          producer.send(new ProducerRecord<>(text("output"), Arrays.copyOf(value, 10), value));
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (TopicPartition partition : batch.partitions()) {
          offsets.put(partition, new OffsetAndMetadata(consumer.position(partition)));
        }
        producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
        producer.commitTransaction();
        boolean warm = records < 0;
        records += batch.count();
        if (warm && records >= 0) start();
      }
      stop(records, "");
    }
  }

  private static void oneByOne() throws Exception {
    try (KafkaProducer<byte[], byte[]> producer = producer("linger.ms", "0")) {
      byte[][] pool = values();
      double[] times = new double[number("count")];
      for (int index = -number("warmUp"); index < times.length; index++) {
        if (index == 0) start();
        long before = System.nanoTime();
        producer.send(new ProducerRecord<>(text("topic"), pool[Math.floorMod(index, pool.length)])).get();
        if (index >= 0) times[index] = (System.nanoTime() - before) / 1e6;
      }
      Arrays.sort(times);
      double p50 = times[times.length / 2];
      double p99 = times[times.length * 99 / 100];
      stop(times.length, String.format(Locale.ROOT, ",\"p50Ms\":%.4f,\"p99Ms\":%.4f", p50, p99));
    }
  }

  private static void stopped() throws Exception {
    double before = memory("VmRSS");
    start();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(false)) {
      long received = 0;
      while (received == 0) received = consumer.poll(Duration.ofMillis(500)).count();
      double most = before;
      long until = System.nanoTime() + number("seconds") * 1_000_000_000L;
      while (System.nanoTime() < until) {
        Thread.sleep(100);
        most = Math.max(most, memory("VmRSS"));
      }
      stop(received, String.format(Locale.ROOT, ",\"growthMb\":%.2f,\"endGrowthMb\":%.2f", most - before, memory("VmRSS") - before));
    }
  }
}
