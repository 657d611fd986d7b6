import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Turns lines of "name, tab, version, tab, JSON" into the base64 of the bytes that the Java client writes for them.
 * Run as `java -cp <kafka-clients and jackson jars> GoldenBytes.java`; see spec/goldens/protocol/regenerate.md.
 */
public final class GoldenBytes {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t", 3);
            short version = Short.parseShort(parts[1]);
            try {
                Message message = read(parts[0], version, mapper.readTree(parts[2]));
                ObjectSerializationCache cache = new ObjectSerializationCache();
                ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
                message.write(new ByteBufferAccessor(buffer), cache, version);
                out.println(Base64.getEncoder().encodeToString(buffer.array()));
            } catch (Exception e) {
                throw new IllegalStateException(line, e);
            }
        }
        out.flush();
    }

    /** Requests, responses and headers have a Data class; data messages have their plain name. */
    private static Message read(String name, short version, JsonNode json) throws Exception {
        boolean data = name.endsWith("Request") || name.endsWith("Response") || name.endsWith("Header");
        Class<?> converter = Class.forName("org.apache.kafka.common.message." + name + (data ? "Data" : "") + "JsonConverter");
        Method method = converter.getMethod("read", JsonNode.class, short.class);
        return (Message) method.invoke(null, json, version);
    }
}
