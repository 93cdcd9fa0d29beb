import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/**
 * What Confluent's Java serializers do, with Apache Avro for Java: for each message in Confluent
 * framing (a line of Base64), a line with the schema's canonical fingerprint, the message as Java
 * writes it again, and what Java reads in it.
 */
public class Interop {
    public static void main(String[] arguments) throws Exception {
        Map<Integer, Schema> schemas = new HashMap<>();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            byte[] message = Base64.getDecoder().decode(line);
            int id = ByteBuffer.wrap(message).getInt(1);
            if (!schemas.containsKey(id)) {
                schemas.put(id, fetch(arguments[0], id));
            }
            Schema schema = schemas.get(id);
            GenericRecord read =
                    new GenericDatumReader<GenericRecord>(schema)
                            .read(null, DecoderFactory.get().binaryDecoder(message, 5, message.length - 5, null));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.write(message, 0, 5);
            var encoder = EncoderFactory.get().directBinaryEncoder(out, null);
            new GenericDatumWriter<GenericRecord>(schema).write(read, encoder);
            encoder.flush();
            byte[] digest = SchemaNormalization.parsingFingerprint("SHA-256", schema);
            System.out.println(
                    Base64.getEncoder().encodeToString(digest)
                            + " "
                            + Base64.getEncoder().encodeToString(out.toByteArray())
                            + " "
                            + read);
        }
    }

    private static Schema fetch(String url, int id) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + "/schemas/ids/" + id)).build();
        String body = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
        return new Schema.Parser().parse(new ObjectMapper().readTree(body).get("schema").asText());
    }
}
