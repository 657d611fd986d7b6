import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.Utils;

/**
 * Prints what the Java client reads from a file of record batches, one line per batch and record; fails on a bad CRC.
 * Usage: java -cp <kafka-clients and its codecs> scripts/codecs/ReadBatches.java <file>
 */
public class ReadBatches {
  public static void main(String[] args) throws Exception {
    MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(Files.readAllBytes(Path.of(args[0]))));
    for (MutableRecordBatch batch : records.batches()) {
      batch.ensureValid();
      System.out.printf("batch %d..%d codec=%d pid=%d epoch=%d seq=%d tx=%b control=%b type=%s max=%d%n", batch.baseOffset(),
          batch.lastOffset(), batch.compressionType().id, batch.producerId(), batch.producerEpoch(), batch.baseSequence(),
          batch.isTransactional(), batch.isControlBatch(), batch.timestampType().name, batch.maxTimestamp());
      for (Record record : batch) {
        record.ensureValid();
        StringBuilder headers = new StringBuilder();
        for (Header header : record.headers()) headers.append(' ').append(header.key()).append('=').append(hex(header.value()));
        System.out.printf("%d %d %s %s%s%n", record.offset(), record.timestamp(),
            hex(record.hasKey() ? Utils.toArray(record.key()) : null),
            hex(record.hasValue() ? Utils.toArray(record.value()) : null), headers);
      }
    }
  }

  static String hex(byte[] bytes) {
    return bytes == null ? "null" : "'" + HexFormat.of().formatHex(bytes) + "'";
  }
}
