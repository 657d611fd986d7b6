import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.Utils;

/**
 * Writes the goldens of spec/goldens/codecs with the Java client's own classes: every batch with what Java reads out of it.
 * Usage: java -cp <kafka-clients and its codecs> scripts/codecs/WriteGoldens.java spec/goldens/codecs
 */
public class WriteGoldens {
  static final byte V2 = 2;
  static final long TIME = 1_700_000_000_000L;
  static final HexFormat HEX = HexFormat.of();
  static final List<String> cases = new ArrayList<>();

  public static void main(String[] args) throws Exception {
    for (String codec : new String[] {"none", "gzip", "snappy", "lz4", "zstd"}) {
      Compression compression = Compression.of(codec).build();
      golden(codec + ", null and empty keys and values, headers", out -> variants(out, compression));
      golden(codec + ", transactional, several batches", out -> severalBatches(out, compression));
      golden(codec + ", log append time", out -> appendTime(out, compression));
      if (!codec.equals("none")) golden(codec + ", 300 kB in several blocks", out -> large(out, compression));
    }
    golden("lz4, high compressor", out -> large(out, Compression.lz4().level(17).build()));
    golden("control batches", WriteGoldens::control);
    golden("gaps left by compaction", WriteGoldens::gaps);
    golden("no records left by compaction", WriteGoldens::emptied);
    golden("far apart timestamps", WriteGoldens::farApart);
    try (PrintStream file = new PrintStream(args[0] + "/java-batches.json", StandardCharsets.UTF_8)) {
      file.println("[\n" + String.join(",\n", cases) + "\n]");
    }
    try (PrintStream file = new PrintStream(args[0] + "/java-murmur2.json", StandardCharsets.UTF_8)) {
      file.println(murmur());
    }
    try (PrintStream file = new PrintStream(args[0] + "/java-serdes.json", StandardCharsets.UTF_8)) {
      file.println(serdes());
    }
  }

  static MemoryRecordsBuilder builder(
      ByteBuffer out, Compression compression, TimestampType type, long baseOffset, long appendTime,
      long producerId, int epoch, int sequence, boolean transactional, boolean control, int leaderEpoch) {
    return MemoryRecords.builder(out, V2, compression, type, baseOffset, appendTime, producerId, (short) epoch,
        sequence, transactional, control, leaderEpoch);
  }

  static byte[] utf8(String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  static void variants(ByteBuffer out, Compression compression) {
    MemoryRecordsBuilder batch =
        builder(out, compression, TimestampType.CREATE_TIME, 0, -1, -1, -1, -1, false, false, -1);
    batch.append(TIME, utf8("key"), utf8("value"));
    batch.append(TIME + 1, utf8(null), utf8("no key"));
    batch.append(TIME + 2, utf8("tombstone"), utf8(null));
    batch.append(TIME - 3, utf8(""), utf8(""));
    batch.append(TIME, utf8(null), utf8(null));
    batch.append(TIME + 100_000, utf8("Schl\u00fcssel"), utf8("\u20ac \ud83d\ude80 and text that repeats, text that repeats, text that repeats"),
        new Header[] {
          new RecordHeader("a", utf8("1")), new RecordHeader("a", utf8("2")), new RecordHeader("none", (byte[]) null),
          new RecordHeader("", utf8("")), new RecordHeader("\u00e4", new byte[] {0, (byte) 255})
        });
    batch.close();
  }

  static void severalBatches(ByteBuffer out, Compression compression) {
    for (int i = 0; i < 3; i++) {
      MemoryRecordsBuilder batch = builder(
          out, compression, TimestampType.CREATE_TIME, 4_000_000_000L + i * 10, -1, 123_456_789_012L, 7, 40 + i * 10,
          i > 0, false, 11);
      for (int j = 0; j < 10; j++) batch.append(TIME + j, utf8("key-" + j), utf8("value " + j + " of batch " + i));
      batch.close();
    }
  }

  static void appendTime(ByteBuffer out, Compression compression) {
    MemoryRecordsBuilder batch = builder(
        out, compression, TimestampType.LOG_APPEND_TIME, 500, TIME + 77, -1, -1, -1, false, false, 3);
    for (int j = 0; j < 4; j++) batch.append(TIME + j, utf8("k"), utf8("v" + j));
    batch.close();
  }

  static void large(ByteBuffer out, Compression compression) {
    Random random = new Random(42);
    MemoryRecordsBuilder batch =
        builder(out, compression, TimestampType.CREATE_TIME, 0, -1, -1, -1, -1, false, false, -1);
    for (int j = 0; j < 10; j++) {
      byte[] value = new byte[30_000];
      // long runs and matches of all distances; the first value has little to compress
      for (int i = 0; i < value.length; i++) {
        value[i] = (byte) (j == 0 && i < 500 ? random.nextInt() : (i / 300) % 97 < 50 ? i % 7 : (i / 211) % 100 + j % 3);
      }
      batch.append(TIME + j, utf8("k" + j), value);
    }
    batch.close();
  }

  static void control(ByteBuffer out) {
    out.put(MemoryRecords.withEndTransactionMarker(90, TIME, 5, 4711, (short) 2,
        new EndTransactionMarker(ControlRecordType.COMMIT, 9)).buffer());
    out.put(MemoryRecords.withEndTransactionMarker(91, TIME + 1, 5, 4712, (short) 0,
        new EndTransactionMarker(ControlRecordType.ABORT, 10)).buffer());
  }

  static void gaps(ByteBuffer out) {
    MemoryRecordsBuilder batch =
        builder(out, Compression.NONE, TimestampType.CREATE_TIME, 100, -1, 5, 1, 10, false, false, 4);
    batch.appendWithOffset(102, TIME, utf8("b"), utf8("2"));
    batch.appendWithOffset(350, TIME + 5, utf8("c"), utf8("250"));
    batch.overrideLastOffset(400);
    batch.close();
  }

  static void emptied(ByteBuffer out) {
    DefaultRecordBatch.writeEmptyHeader(out, V2, 5, (short) 1, 10, 100, 400, 4, TimestampType.CREATE_TIME, TIME, true, false);
    MemoryRecordsBuilder batch =
        builder(out, Compression.NONE, TimestampType.CREATE_TIME, 401, -1, -1, -1, -1, false, false, 4);
    batch.append(TIME, utf8("next"), utf8("one"));
    batch.close();
  }

  static void farApart(ByteBuffer out) {
    MemoryRecordsBuilder batch =
        builder(out, Compression.NONE, TimestampType.CREATE_TIME, 0, -1, -1, -1, -1, false, false, -1);
    for (long delta : new long[] {0, 63, 64, -64, -65, 8191, 8192, 1L << 31, (1L << 31) - 1, -(1L << 31), -(1L << 31) - 1,
        1L << 34, (1L << 34) - 1, -(1L << 34), -(1L << 34) - 1,
        1L << 35, -TIME, (1L << 41) - 1, 1L << 41, 1L << 42, -(1L << 40), -(1L << 40) - 1, 1L << 48, (1L << 48) - 1, 9_007_199_254_740_991L - TIME}) {
      batch.append(TIME + delta, utf8(null), utf8(Long.toString(delta)));
    }
    batch.close();
  }

  static void golden(String name, Consumer<ByteBuffer> write) throws Exception {
    ByteBuffer out = ByteBuffer.allocate(1 << 20);
    // every builder continues in the buffer where the one before stopped
    write.accept(out);
    out.flip();
    byte[] bytes = new byte[out.remaining()];
    out.duplicate().get(bytes);
    StringBuilder json = new StringBuilder();
    json.append("{\"name\":").append(quoted(name)).append(",\n \"hex\":\"").append(HEX.formatHex(bytes)).append("\",\n \"batches\":[");
    String between = "";
    for (MutableRecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
      batch.ensureValid();
      json.append(between).append(describe(batch));
      between = ",";
    }
    cases.add(json.append("]}").toString());
  }

  static String describe(MutableRecordBatch batch) throws Exception {
    List<String> records = new ArrayList<>();
    for (Record record : batch) {
      List<String> headers = new ArrayList<>();
      for (Header header : record.headers()) headers.add("[" + quoted(header.key()) + "," + content(header.value()) + "]");
      records.add(String.format("\n   {\"offset\":%d,\"timestamp\":%d,\"key\":%s,\"value\":%s,\"headers\":[%s]}",
          record.offset(), record.timestamp(), content(record.key()), content(record.value()), String.join(",", headers)));
    }
    return String.format(
        "\n  {\"baseOffset\":%d,\"nextOffset\":%d,\"leaderEpoch\":%d,\"crc\":%d,\"codec\":%d,\"timestampType\":%s,\"maxTimestamp\":%d,"
            + "\"producerId\":%d,\"producerEpoch\":%d,\"baseSequence\":%d,\"transactional\":%b,\"control\":%b,\"size\":%d,\n   \"records\":[%s]}",
        batch.baseOffset(), batch.nextOffset(), batch.partitionLeaderEpoch(), batch.checksum(), batch.compressionType().id,
        quoted(batch.timestampType().name), batch.maxTimestamp(), batch.producerId(), batch.producerEpoch(),
        batch.baseSequence(), batch.isTransactional(), batch.isControlBatch(), batch.sizeInBytes(), String.join(",", records));
  }

  static String content(ByteBuffer buffer) throws Exception {
    return content(buffer == null ? null : Utils.toArray(buffer));
  }

  /** Hex; a digest where that is shorter. */
  static String content(byte[] bytes) throws Exception {
    if (bytes == null) return "null";
    if (bytes.length <= 200) return "\"" + HEX.formatHex(bytes) + "\"";
    return "\"sha256:" + HEX.formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)) + "\"";
  }

  static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  static String murmur() {
    Random random = new Random(7);
    List<String> rows = new ArrayList<>();
    for (int length = 0; length < 40; length++) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      rows.add(String.format("[\"%s\",%d]", HEX.formatHex(bytes), Utils.murmur2(bytes)));
    }
    for (String text : new String[] {"21", "foobar", "a-little-bit-long-string", "a-little-bit-longer-string", "abc", "K\u00f6ln"}) {
      rows.add(String.format("[\"%s\",%d]", HEX.formatHex(utf8(text)), Utils.murmur2(utf8(text))));
    }
    return "[\n" + String.join(",\n", rows) + "\n]";
  }

  static String serdes() {
    List<String> rows = new ArrayList<>();
    for (int value : new int[] {0, 1, -1, 256, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      rows.add(row("int32", Integer.toString(value), new IntegerSerializer().serialize("t", value)));
    }
    for (long value : new long[] {0, 1, -1, 1L << 32, -(1L << 40), 9_007_199_254_740_991L, -9_007_199_254_740_991L}) {
      rows.add(row("int64", Long.toString(value), new LongSerializer().serialize("t", value)));
    }
    for (double value : new double[] {0, 0.1, -1.5e300, Double.MIN_VALUE, Double.MAX_VALUE}) {
      rows.add(row("float64", Double.toString(value), new DoubleSerializer().serialize("t", value)));
    }
    UUID id = UUID.fromString("123e4567-e89b-12d3-a456-426614174000");
    rows.add(row("uuid", quoted(id.toString()), new UUIDSerializer().serialize("t", id)));
    for (String text : new String[] {"", "plain", "\u20ac \ud83d\ude80"}) {
      rows.add(row("utf8", quoted(text), new StringSerializer().serialize("t", text)));
    }
    return "[\n" + String.join(",\n", rows) + "\n]";
  }

  static String row(String serde, String value, byte[] bytes) {
    return String.format("[\"%s\",%s,\"%s\"]", serde, value, HEX.formatHex(bytes));
  }
}
