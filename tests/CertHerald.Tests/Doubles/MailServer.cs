using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace CertHerald.Tests.Doubles;

/// <summary>A mail as the server took it.</summary>
/// <param name="SignedIn">Who; null if nobody was.</param>
/// <param name="Encrypted">Whether it came over TLS.</param>
internal sealed record TakenMail(string From, IReadOnlyList<string> To, byte[] Content, string? SignedIn, bool Encrypted);

/// <summary>A real mail server on loopback: aiosmtpd, which Python's own smtpd became. Skips the test where it is not installed.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    // Takes what is for example.com. Says each mail on standard output, a JSON object a line.
    private const string Script = """
        import asyncio, base64, json, ssl, sys
        from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

        certificate, mode, user, password = sys.argv[1:5]

        class Taker:
            async def handle_RCPT(self, server, session, envelope, address, options):
                if not address.endswith('@example.com'):
                    return '550 5.1.1 nobody of that name is here'
                envelope.rcpt_tos.append(address)
                return '250 2.1.5 fine'

            async def handle_DATA(self, server, session, envelope):
                print(json.dumps({'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'content': base64.b64encode(envelope.original_content).decode(),
                                  'user': session.auth_data, 'tls': session.ssl is not None or mode == 'implicit'}), flush=True)
                return '250 2.0.0 taken'

        def authenticate(server, session, envelope, mechanism, data):
            fits = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == (user, password)
            return AuthResult(success=fits, handled=False, auth_data=user)

        async def main():
            context = None
            if certificate:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(certificate)
            def make():
                return SMTP(Taker(), hostname='mail.test', tls_context=context if mode == 'starttls' else None, require_starttls=mode == 'starttls',
                            authenticator=authenticate if user else None, auth_required=bool(user), auth_require_tls=mode == 'starttls',
                            auth_exclude_mechanism=['PLAIN'] if password.startswith('login') else [], loop=asyncio.get_running_loop())
            server = await asyncio.get_running_loop().create_server(make, '127.0.0.1', 0, ssl=context if mode == 'implicit' else None)
            print('port', server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()

        asyncio.run(main())
        """;

    private readonly Certherald _process;
    private readonly string _folder;

    private MailServer(Certherald process, string folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <param name="mode">starttls, implicit or none.</param>
    /// <param name="user">Who must sign in; null: anybody may send. A password that begins with "login" leaves AUTH LOGIN alone.</param>
    public static async Task<MailServer> StartAsync(X509Certificate2? certificate = null, string mode = "none", (string User, string Password)? user = null)
    {
        // The module belongs to the Python that the program names, which need not be the first one of the path.
        string python = File.ReadLines(Tool.Find("aiosmtpd")).First()[2..].Trim();
        string folder = Directory.CreateTempSubdirectory("certherald-mail-").FullName, script = Path.Combine(folder, "server.py"), pem = "";
        await File.WriteAllTextAsync(script, Script, TestContext.Current.CancellationToken);
        if (certificate is not null)
        {
            pem = Path.Combine(folder, "server.pem");
            await File.WriteAllTextAsync(pem, certificate.ExportCertificatePem() + "\n" + certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        }
        Certherald process = Certherald.StartOther(python, script, pem, mode, user?.User ?? "", user?.Password ?? "");
        string line = await process.OutputLineAsync(line => line.StartsWith("port ", StringComparison.Ordinal));
        return new MailServer(process, folder, int.Parse(line.AsSpan(5), CultureInfo.InvariantCulture));
    }

    /// <summary>The first mail like this, from the beginning.</summary>
    public async Task<TakenMail> TakenAsync(Func<TakenMail, bool>? wanted = null)
    {
        string line = await _process.OutputLineAsync(line => line.StartsWith('{') && (wanted is null || wanted(Read(line))));
        return Read(line);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static TakenMail Read(string line)
    {
        JsonElement mail = JsonElement.Parse(line);
        return new TakenMail(
            mail.GetProperty("from").GetString()!, [.. mail.GetProperty("to").EnumerateArray().Select(one => one.GetString()!)],
            mail.GetProperty("content").GetBytesFromBase64(), mail.GetProperty("user").GetString(), mail.GetProperty("tls").GetBoolean());
    }
}
