import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jsmpp.bean.AlertNotification;
import org.jsmpp.bean.BindType;
import org.jsmpp.bean.DataSm;
import org.jsmpp.bean.DeliverSm;
import org.jsmpp.bean.ESMClass;
import org.jsmpp.bean.NumberingPlanIndicator;
import org.jsmpp.bean.OptionalParameter;
import org.jsmpp.bean.RawDataCoding;
import org.jsmpp.bean.RegisteredDelivery;
import org.jsmpp.bean.SMSCDeliveryReceipt;
import org.jsmpp.bean.TypeOfNumber;
import org.jsmpp.extra.NegativeResponseException;
import org.jsmpp.session.BindParameter;
import org.jsmpp.session.DataSmResult;
import org.jsmpp.session.MessageReceiverListener;
import org.jsmpp.session.SMPPSession;
import org.jsmpp.session.Session;

/** A customer by jSMPP, with the orders and lines of esme_lines.py; its GSM charset is that of telecom-charsets. */
class JsmppEsme {
    private static final Charset GSM = Charset.forName("X-GSM7BIT");
    private static final RegisteredDelivery FINAL = new RegisteredDelivery(SMSCDeliveryReceipt.SUCCESS_FAILURE);
    private static int reference;

    public static void main(String[] args) throws Exception {
        SMPPSession session = new SMPPSession();
        session.setTransactionTimer(30_000);
        session.setMessageReceiverListener(new Receiver());
        BindParameter bind = new BindParameter(BindType.BIND_TRX, args[2], args[3], "", TypeOfNumber.UNKNOWN,
                NumberingPlanIndicator.UNKNOWN, null);
        try {
            session.connectAndBind(args[0], Integer.parseInt(args[1]), bind);
        } catch (java.io.IOException error) {
            int status = error.getCause() instanceof NegativeResponseException no ? no.getCommandStatus() : -1;
            say("refused", "\"status\":" + status);
            System.exit(0);
        }
        say("bound", "\"window\":20");
        ExecutorService window = Executors.newFixedThreadPool(20);
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            String[] words = line.replace("\"", "").split(" ");
            String text = new String(HexFormat.of().parseHex(words[3]), StandardCharsets.UTF_8);
            submit(session, window, words[1], words[2], text);
        }
        window.shutdown();
        session.unbindAndClose();
    }

    private static void submit(SMPPSession session, ExecutorService window, String to, String source, String text) {
        boolean gsm = GSM.newEncoder().canEncode(text);
        List<byte[]> parts = cut(text, gsm);
        int ref = ++reference & 0xff;
        for (int i = 0; i < parts.size(); i++) {
            byte[] content = parts.get(i);
            byte[] header = {5, 0, 3, (byte) ref, (byte) parts.size(), (byte) (i + 1)};
            byte[] octets = parts.size() == 1 ? content : concat(header, content);
            ESMClass esmClass = new ESMClass(parts.size() == 1 ? 0 : 0x40);
            RawDataCoding coding = new RawDataCoding((byte) (gsm ? 0 : 8));
            boolean digits = source.chars().allMatch(Character::isDigit);
            TypeOfNumber ton = digits ? TypeOfNumber.UNKNOWN : TypeOfNumber.ALPHANUMERIC;
            window.execute(() -> {
                try {
                    String id = session.submitShortMessage("", ton, NumberingPlanIndicator.UNKNOWN, source,
                            TypeOfNumber.INTERNATIONAL, NumberingPlanIndicator.ISDN, to, esmClass, (byte) 0, (byte) 0,
                            null, null, FINAL, (byte) 0, coding, (byte) 0, octets).getMessageId();
                    say("answered", "\"status\":0,\"to\":" + quoted(to) + ",\"id\":" + quoted(id));
                } catch (NegativeResponseException no) {
                    say("answered", "\"status\":" + no.getCommandStatus() + ",\"to\":" + quoted(to) + ",\"id\":null");
                } catch (Exception error) {
                    say("failed", "\"why\":" + quoted(error.toString()));
                }
            });
        }
    }

    private static List<byte[]> cut(String text, boolean gsm) {
        Charset charset = gsm ? GSM : StandardCharsets.UTF_16BE;
        byte[] whole = text.getBytes(charset);
        if (whole.length <= (gsm ? 160 : 140)) return List.of(whole);
        List<byte[]> parts = new ArrayList<>();
        ByteArrayOutputStream part = new ByteArrayOutputStream();
        for (int codePoint : text.codePoints().toArray()) {
            byte[] unit = Character.toString(codePoint).getBytes(charset);
            if (part.size() + unit.length > (gsm ? 153 : 134)) {
                parts.add(part.toByteArray());
                part.reset();
            }
            part.writeBytes(unit);
        }
        parts.add(part.toByteArray());
        return parts;
    }

    private static byte[] concat(byte[] one, byte[] other) {
        byte[] joined = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, joined, one.length, other.length);
        return joined;
    }

    private static synchronized void say(String event, String rest) {
        System.out.println("{\"event\":\"" + event + "\"," + rest + "}");
        System.out.flush();
    }

    private static String quoted(String text) {
        if (text == null) return "null";
        StringBuilder json = new StringBuilder("\"");
        for (char unit : text.toCharArray()) {
            json.append(unit < 32 || unit > 126 || unit == '"' || unit == '\\' ? String.format("\\u%04x", (int) unit) : unit);
        }
        return json.append('"').toString();
    }

    private static class Receiver implements MessageReceiverListener {
        @Override
        public void onAcceptDeliverSm(DeliverSm message) {
            byte[] octets = message.getShortMessage();
            String place = "null";
            if (message.isUdhi()) {
                place = "[" + (octets[3] & 0xff) + "," + (octets[4] & 0xff) + "," + (octets[5] & 0xff) + "]";
                octets = Arrays.copyOfRange(octets, 1 + octets[0], octets.length);
            }
            String text = new String(octets, message.getDataCoding() == 8 ? StandardCharsets.UTF_16BE : GSM);
            var receipted = message.getOptionalParameter(OptionalParameter.Receipted_message_id.class);
            say("received", "\"source\":" + quoted(message.getSourceAddr()) + ",\"to\":"
                    + quoted(message.getDestAddress()) + ",\"receipt\":" + message.isSmscDeliveryReceipt()
                    + ",\"place\":" + place + ",\"text\":" + quoted(text) + ",\"receiptedId\":"
                    + quoted(receipted == null ? null : receipted.getValueAsString()));
        }

        @Override
        public void onAcceptAlertNotification(AlertNotification alert) {
        }

        @Override
        public DataSmResult onAcceptDataSm(DataSm message, Session source) {
            throw new UnsupportedOperationException("data_sm");
        }
    }
}
