using CertHerald.Cli;
using CertHerald.Configuring;
using CertHerald.Fetching;
using Microsoft.Extensions.Logging;

namespace CertHerald.Tests.Cli;

public sealed class ServiceAddressTests
{
    [Fact]
    public async Task An_address_of_another_machine_is_refused_in_words()
    {
        string data = Directory.CreateTempSubdirectory("certherald-address-").FullName;
        try
        {
            // RFC 5737: no machine has it.
            var options = new CertHeraldOptions { Data = data, Listen = new Uri("http://192.0.2.1:8470"), Logs = new LogOptions { Lists = [] } };

            CommandFailedException failure = await Assert.ThrowsAsync<CommandFailedException>(
                () => HeraldHost.StartAsync(() => options, TestContext.Current.CancellationToken, LogLevel.None));
            Assert.StartsWith("http://192.0.2.1:8470/ cannot be listened on: ", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }
}
