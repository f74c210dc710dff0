using CertHerald.TestLog;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.EndToEnd;

/// <summary>What is told, how, and how often. The log is two logs to the program: a key for each protocol.</summary>
[Collection(ProgramTests.Name)]
public sealed class AlertTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_precertificate_and_its_certificate_in_two_logs_and_either_order_are_one_alert(bool precertificateFirst)
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        TestPrecertificate precertificate = rig.Ca.IssuePrecertificate("www.example.com");
        using var elsewhere = new Log();
        TestCertificate certificate = precertificate.Final(elsewhere.AddPreChain(precertificate.Chain).Sct.Serialize());
        await using Certherald program = await rig.RunReadyAsync();

        Add(precertificateFirst);
        Received first = await rig.Receiver.NextAsync();
        Add(!precertificateFirst);
        await rig.ReadToHeadAsync();
        rig.Log.AddChain(rig.Ca.Issue("next.example.com").Chain);
        Received second = await rig.Receiver.NextAsync();
        await rig.ReadToHeadAsync();
        Assert.Equal(143, await program.StopAsync());

        Assert.Equal(("www.example.com", "next.example.com"), (first.Names(), second.Names()));
        Assert.Equal(2, rig.Receiver.Requests.Count);
        byte[] told = precertificateFirst ? precertificate.Der : certificate.Der;
        Assert.Equal(told, first.Json().GetProperty("issuance").GetProperty("cert_der").GetBytesFromBase64());

        void Add(bool asPrecertificate) => _ = asPrecertificate ? rig.Log.AddPreChain(precertificate.Chain) : rig.Log.AddChain(certificate.Chain);
    }

    [Fact]
    public async Task D7_D8_killed_before_the_answer_it_sends_the_same_again_with_credentials_in_the_header_only()
    {
        // Between the two attempts the certificate takes its precertificate's place in the store: a body written anew would differ.
        await using ServiceRig rig = await ServiceRig.StartAsync();
        rig.Configuration["webhooks"]![0]!["url"] = $"http://u%40x:p%3A1@127.0.0.1:{rig.Receiver.Port}/hook?q=1";
        TestPrecertificate precertificate = rig.Ca.IssuePrecertificate("www.example.com");
        AddedEntry added = rig.Log.AddPreChain(precertificate.Chain);
        rig.Receiver.Then(Receiver.Hang());

        Received before;
        IReadOnlyList<string> said;
        await using (Certherald killed = rig.Run())
        {
            before = await rig.Receiver.NextAsync();
            rig.Log.AddChain(precertificate.Final(added.Sct.Serialize()).Chain);
            await rig.ReadToHeadAsync();
            await killed.KillAsync();
            said = killed.Errors;
        }
        await using Certherald program = rig.Run();
        Received after = await rig.Receiver.NextAsync();
        await program.ErrorLineAsync(line => line.Contains("Webhook siem got", StringComparison.Ordinal));
        Assert.Equal(143, await program.StopAsync());

        Assert.Equal(2, rig.Receiver.Requests.Count);
        Assert.Equal(before.Key, after.Key);
        Assert.Equal(before.Body, after.Body);
        Assert.Equal(7, Guid.Parse(after.Key).Version);
        Assert.Equal("POST /hook?q=1 HTTP/1.1", after.RequestLine);
        Assert.Equal("Basic dUB4OnA6MQ==", Assert.Single(after.Headers["Authorization"]));
        Assert.Equal("application/json", Assert.Single(after.Headers["Content-Type"]));
        string version = (await Certherald.RunAsync("version")).With(0).Output.Split(' ')[1].Split('+')[0];
        Assert.Equal($"CertHerald/{version}", Assert.Single(after.Headers["User-Agent"]));
        Assert.All([.. said, .. program.Errors], line => Assert.DoesNotContain("p%3A1", line, StringComparison.OrdinalIgnoreCase));
        Assert.All([.. said, .. program.Errors], line => Assert.DoesNotContain("p:1", line, StringComparison.Ordinal));
        Assert.All([.. said, .. program.Errors], line => Assert.DoesNotContain("/hook", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task D3_a_redirect_is_a_failure_and_leads_nowhere()
    {
        await using ServiceRig rig = await ServiceRig.StartAsync();
        await using Receiver other = Receiver.Start();
        rig.Receiver.Default = Receiver.Answer(302, "", $"Location: {other.Url}");
        rig.Log.AddChain(rig.Ca.Issue("www.example.com").Chain);

        await using Certherald program = rig.Run();
        await rig.Receiver.NextAsync();
        await program.ErrorLineAsync(line => line.Contains("did not take delivery 1: status 302; next try", StringComparison.Ordinal));
        Assert.Equal(143, await program.StopAsync());

        Assert.Equal(0, other.Connections);
    }
}
