// What Java's default trust manager says of the PKIs named on standard input, as SunJSSE asks it:
// one line a PKI, `folder TAB name TAB server|client TAB seconds since 1970`; the answer is
// `folder TAB server|client TAB text`, the text empty where it accepts.

import java.io.*;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.*;
import java.util.*;
import javax.net.ssl.*;

public class Judge {
    /** An engine in the midst of a handshake with `host`, which is all the trust manager asks for. */
    static final class Handshaking extends SSLEngine {
        private final SSLSession session;
        private final SSLParameters parameters = new SSLParameters();

        Handshaking(String host, boolean checksName) {
            session = (SSLSession) Proxy.newProxyInstance(
                Judge.class.getClassLoader(), new Class<?>[] {SSLSession.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getPeerHost" -> host;
                    case "getProtocol" -> "TLSv1.3";
                    case "getPeerPort" -> 443;
                    default -> throw new UnsupportedOperationException(method.getName());
                });
            if (checksName) {
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
            }
        }

        @Override public SSLSession getHandshakeSession() { return session; }
        @Override public SSLSession getSession() { return session; }
        @Override public SSLParameters getSSLParameters() { return parameters; }
        private static <T> T no() { throw new UnsupportedOperationException(); }
        @Override public SSLEngineResult wrap(ByteBuffer[] s, int o, int l, ByteBuffer d) { return no(); }
        @Override public SSLEngineResult unwrap(ByteBuffer s, ByteBuffer[] d, int o, int l) { return no(); }
        @Override public Runnable getDelegatedTask() { return no(); }
        @Override public void closeInbound() { no(); }
        @Override public boolean isInboundDone() { return no(); }
        @Override public void closeOutbound() { no(); }
        @Override public boolean isOutboundDone() { return no(); }
        @Override public String[] getSupportedCipherSuites() { return no(); }
        @Override public String[] getEnabledCipherSuites() { return no(); }
        @Override public void setEnabledCipherSuites(String[] s) { no(); }
        @Override public String[] getSupportedProtocols() { return no(); }
        @Override public String[] getEnabledProtocols() { return no(); }
        @Override public void setEnabledProtocols(String[] p) { no(); }
        @Override public void beginHandshake() { no(); }
        @Override public SSLEngineResult.HandshakeStatus getHandshakeStatus() { return no(); }
        @Override public void setUseClientMode(boolean m) { no(); }
        @Override public boolean getUseClientMode() { return true; }
        @Override public void setNeedClientAuth(boolean n) { no(); }
        @Override public boolean getNeedClientAuth() { return no(); }
        @Override public void setWantClientAuth(boolean w) { no(); }
        @Override public boolean getWantClientAuth() { return no(); }
        @Override public void setEnableSessionCreation(boolean f) { no(); }
        @Override public boolean getEnableSessionCreation() { return no(); }
    }

    static List<X509Certificate> certificates(Path path) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<X509Certificate> found = new ArrayList<>();
        if (Files.size(path) == 0) {
            return found;
        }
        for (java.security.cert.Certificate one :
                factory.generateCertificates(new ByteArrayInputStream(Files.readAllBytes(path)))) {
            found.add((X509Certificate) one);
        }
        return found;
    }

    static X509ExtendedTrustManager manager(List<X509Certificate> roots, Date at) throws Exception {
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        if (roots.isEmpty()) {
            KeyStore empty = KeyStore.getInstance("PKCS12");
            empty.load(null, null);
            factory.init(empty);
        } else {
            Set<TrustAnchor> anchors = new LinkedHashSet<>();
            for (X509Certificate root : roots) {
                anchors.add(new TrustAnchor(root, null));
            }
            PKIXBuilderParameters parameters =
                new PKIXBuilderParameters(anchors, new X509CertSelector());
            parameters.setRevocationEnabled(false);
            parameters.setDate(at);
            factory.init(new CertPathTrustManagerParameters(parameters));
        }
        return (X509ExtendedTrustManager) factory.getTrustManagers()[0];
    }

    static String judge(Path folder, String name, boolean isServer, Date at) throws Exception {
        List<X509Certificate> chain;
        try {
            chain = certificates(folder.resolve("chain.pem"));
        } catch (CertificateException error) {
            return "SSLHandshakeException: Failed to parse "
                + (isServer ? "server" : "client") + " certificates";
        }
        X509Certificate[] sent = chain.toArray(new X509Certificate[0]);
        try {
            X509ExtendedTrustManager manager = manager(certificates(folder.resolve("roots.pem")), at);
            SSLEngine engine = new Handshaking(name, isServer);
            if (isServer) {
                manager.checkServerTrusted(sent, "UNKNOWN", engine);
            } else {
                String algorithm = sent[0].getPublicKey().getAlgorithm();
                String type = Set.of("RSA", "DSA", "EC").contains(algorithm) ? algorithm : "UNKNOWN";
                manager.checkClientTrusted(sent, type, engine);
            }
            return "";
        } catch (CertificateException error) {
            return "SSLHandshakeException: " + error.getMessage();
        } catch (RuntimeException error) {
            return "SSLException: " + error.getMessage();
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] cells = line.split("\t");
            Date at = new Date(Long.parseLong(cells[3]) * 1000);
            String text = judge(Path.of(cells[0]), cells[1], cells[2].equals("server"), at);
            out.println(cells[0] + "\t" + cells[2] + "\t" + text.replace('\n', ' '));
        }
        out.flush();
    }
}
