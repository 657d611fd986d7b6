import org.apache.kafka.common.errors.InvalidMetadataException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/**
 * Writes spec/goldens/errors/java-errors.json: code, name, whether the Java client retries it and whether it takes its metadata for
 * old then. Run: java -cp kafka-clients-4.3.0.jar:slf4j-api.jar scripts/errors/WriteErrors.java
 */
public class WriteErrors {
    public static void main(String[] args) {
        StringBuilder rows = new StringBuilder("[\n");
        for (Errors error : Errors.values()) {
            Exception exception = error.exception();
            rows.append(rows.length() > 2 ? ",\n" : "").append(String.format("[%d, \"%s\", %s, %s]", error.code(), error.name(),
                exception instanceof RetriableException, exception instanceof InvalidMetadataException));
        }
        System.out.println(rows.append("\n]"));
    }
}
