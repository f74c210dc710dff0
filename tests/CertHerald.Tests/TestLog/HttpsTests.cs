using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.TestLog;

public class HttpsTests
{
    [Fact]
    public async Task A_log_with_a_certificate_is_served_by_its_name_over_HTTPS_to_whoever_trusts_it_alone()
    {
        using X509Certificate2 made = MadeCertificate.For("localhost"), certificate = MadeCertificate.Copy(made);
        await using ServedLog served = await ServedLog.StartAsync(serving: new LogServerOptions { Host = "localhost", Certificate = certificate });
        Uri head = new(served.Server.Url, "ct/v1/get-sth"), plain = new UriBuilder(head) { Scheme = "http" }.Uri;
        using var handler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = MadeCertificate.Trust(certificate) } };
        using var trusting = new HttpClient(handler);
        using var careful = new HttpClient();

        Assert.Equal(("https", "localhost"), (head.Scheme, head.Host));
        Assert.Contains("tree_size", await trusting.GetStringAsync(head, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => careful.GetAsync(head, TestContext.Current.CancellationToken));
        Assert.Equal(HttpRequestError.SecureConnectionError, refused.HttpRequestError);
        await Assert.ThrowsAsync<HttpRequestException>(() => careful.GetAsync(plain, TestContext.Current.CancellationToken));
        Assert.Contains("https://localhost", Encoding.UTF8.GetString(served.Server.LogList(ListedProtocols.Rfc6962)), StringComparison.Ordinal);
    }
}
