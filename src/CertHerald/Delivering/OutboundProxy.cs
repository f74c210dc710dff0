using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CertHerald.Fetching;

namespace CertHerald.Delivering;

/// <summary>
/// The one proxy that public addresses are reached through, by CONNECT (RFC 9110 §9.3.6): it passes bytes on, and TLS to the
/// receiver goes through it unbroken. It looks names up anew: what it may connect to, it must enforce itself.
/// </summary>
/// <param name="Address">http or https, without user information and path.</param>
/// <param name="Credentials">Percent-decoded; null without.</param>
internal sealed record OutboundProxy(Uri Address, (string User, string Password)? Credentials)
{
    private const int MostHead = 16 * 1024;

    /// <param name="mistake">What is wrong and what to write instead. Does not repeat the text: it may hold a password.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out OutboundProxy? proxy, [NotNullWhen(false)] out string? mistake)
    {
        proxy = null;
        if (!WebhookUrl.TryParse(text, out WebhookUrl? url, out mistake)) return false;
        if (url.Address.PathAndQuery != "/")
        {
            mistake = "has a path, which a proxy does not: write http://host:port";
            return false;
        }

        proxy = new OutboundProxy(url.Address, url.Credentials);
        return true;
    }

    /// <summary>Address only: printed by accident, it must not show its password.</summary>
    public override string ToString() => Address.GetLeftPart(UriPartial.Authority);

    /// <summary>Makes a connection to the proxy one to a host behind it. Owns the connection from now on.</summary>
    /// <param name="trust">What its certificate must lead to; null: what this machine trusts.</param>
    /// <exception cref="ProxyFailedException">It did not answer, or refused.</exception>
    public async Task<Stream> OpenTunnelAsync(Stream connection, string host, int port, CancellationToken cancellation, X509ChainPolicy? trust = null)
    {
        try
        {
            return await AskAsync(connection, host, port, trust, cancellation);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task<Stream> AskAsync(Stream connection, string host, int port, X509ChainPolicy? trust, CancellationToken cancellation)
    {
        try
        {
            if (Address.Scheme == Uri.UriSchemeHttps) connection = await EncryptAsync(connection, trust, cancellation);
            await connection.WriteAsync(Encoding.ASCII.GetBytes(Request(host, port)), cancellation);
            int status = await ReadStatusAsync(connection, cancellation);
            // 407: it is our credentials that it refuses. Whatever else it says is about this one host.
            return status is >= 200 and < 300 ? connection : throw new ProxyFailedException($"the proxy answered {status}", mayBeLocal: status == 407);
        }
        catch (AuthenticationException)
        {
            // Its own words would blame the receiver, whose certificate nobody has seen yet.
            throw new ProxyFailedException("the proxy's TLS certificate is not valid, or it does not speak TLS", mayBeLocal: true);
        }
        catch (IOException)
        {
            throw new ProxyFailedException("the proxy closed the connection", mayBeLocal: true);
        }
    }

    private async Task<Stream> EncryptAsync(Stream connection, X509ChainPolicy? trust, CancellationToken cancellation)
    {
        var encrypted = new SslStream(connection);
        await encrypted.AuthenticateAsClientAsync(ClientTls.Options(Address.IdnHost.TrimEnd('.'), trust), cancellation);
        return encrypted;
    }

    private string Request(string host, int port)
    {
        string target = string.Create(CultureInfo.InvariantCulture, $"{(IPAddress.TryParse(host, out IPAddress? literal) ? Bracketed(literal) : host)}:{port}");
        string authorization = Credentials is var (user, password)
            ? $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}\r\n"
            : "";
        return $"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n";
    }

    private static string Bracketed(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    /// <summary>Reads to the end of the answer's head and no byte further: what follows is the receiver's.</summary>
    private static async Task<int> ReadStatusAsync(Stream connection, CancellationToken cancellation)
    {
        var head = new byte[MostHead];
        for (int length = 0; length < head.Length; length++)
        {
            if (await connection.ReadAsync(head.AsMemory(length, 1), cancellation) == 0) throw new IOException("cut");
            if (head.AsSpan(0, length + 1).EndsWith("\r\n\r\n"u8)) return StatusIn(head);
        }

        throw new ProxyFailedException("the proxy's answer has no end", mayBeLocal: true);
    }

    /// <summary>RFC 9112 §4: HTTP/1.x, a space, three digits.</summary>
    private static int StatusIn(ReadOnlySpan<byte> head) =>
        head.StartsWith("HTTP/1."u8) && head[8] == ' ' && int.TryParse(head.Slice(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status) && head[12] is (byte)' ' or (byte)'\r'
            ? status
            : throw new ProxyFailedException("the proxy does not speak HTTP", mayBeLocal: true);
}

/// <summary>The way through the proxy could not be opened. The message shows neither address nor credentials.</summary>
internal sealed class ProxyFailedException(string message, bool mayBeLocal) : Exception(message)
{
    /// <summary>It is the proxy's trouble or ours; false if it answered about the host that it was asked for.</summary>
    public bool MayBeLocal { get; } = mayBeLocal;
}
