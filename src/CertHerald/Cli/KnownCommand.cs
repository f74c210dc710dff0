using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using CertHerald.Inspecting;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Cli;

/// <summary><c>certherald known</c>: what is the user's own, so that nobody needs to be told of it.</summary>
internal static class KnownCommand
{
    private const string Keys = "/api/v3/monitoring/known_keys", Certificates = "/api/v3/monitoring/known_certificates", Authorities = "/api/authorities";

    private static readonly Argument<string[]> Files = new("FILE") { Description = "PEM or DER; - for standard input.", Arity = ArgumentArity.OneOrMore };

    public static Command Create() => new Command("known", "Shows and changes what is yours: keys, certificates, and the CAs that may issue for your names. Changes are in force at once and survive a restart.")
    {
        List(), Add(), Remove(), Authorize("certherald known authorize 4"), AuthoritiesOf(),
    }.WithExamples("""
        certherald known add key www.csr
        certherald known authorities set .example.com letsencrypt.org
        certherald known list
        """);

    /// <summary><c>certherald keys add</c>, which is <c>known add key</c> by a shorter name.</summary>
    public static Command CreateKeys() => new Command("keys", "Authorises your keys: 'known add key' by a shorter name. 'known' shows and removes them.")
    {
        AddKeys("add", """
            certherald keys add www.csr
            certherald keys add /etc/letsencrypt/live/www.example.com/cert.pem
            """),
    }.WithExamples("certherald keys add www.csr shop.csr");

    /// <summary>The command <c>authorize</c>, for whatever it stands below.</summary>
    public static Command Authorize(string example)
    {
        var id = new Argument<long>("ID") { Description = "An issuance, as its alert names it." };
        var command = new Command("authorize", "Marks one issuance as yours. It says nothing of its renewals: for these, authorise the key.") { id, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            JsonElement issuance = await LocalAccess.Of(parsed).SendAsync(
                HttpMethod.Post, $"/api/v3/monitoring/issuances/{parsed.GetValue(id).ToString(CultureInfo.InvariantCulture)}/authorize", stopping);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? issuance.GetRawText() : $"issuance {Text(issuance, "id")} is known: {Text(issuance, "reason")}");
            return CommandLine.Done;
        });
        return command.WithExamples(example);
    }

    private static Command List()
    {
        var command = new Command("list", "Shows every key, certificate and CA that is authorised, and where it comes from.") { LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            LocalAccess service = LocalAccess.Of(parsed);
            JsonElement keys = await service.GetAsync(Keys, stopping), certificates = await service.GetAsync(Certificates, stopping), authorities = await service.GetAsync(Authorities, stopping), caa = await service.GetAsync("/api/caa", stopping);
            if (parsed.GetValue(LocalAccess.Json))
            {
                parsed.InvocationConfiguration.Output.WriteLine(JsonSerializer.Serialize(new { keys, certificates, authorities, caa }));
                return CommandLine.Done;
            }
            foreach (JsonElement key in keys.EnumerateArray()) parsed.InvocationConfiguration.Output.WriteLine($"key          {Text(key, "pubkey_sha256")}  {OriginOf(key),-16}  {NamesOf(key)}");
            foreach (JsonElement one in certificates.EnumerateArray()) parsed.InvocationConfiguration.Output.WriteLine($"certificate  {Text(one, "tbs_sha256")}  {OriginOf(one),-16}  {NamesOf(one)}");
            foreach (JsonElement list in authorities.EnumerateArray())
                parsed.InvocationConfiguration.Output.WriteLine($"authorities  {Text(list, "name"),-64}  {OriginOf(list),-16}  {string.Join(' ', list.GetProperty("authorities").EnumerateArray().Select(one => one.GetString()))}");
            foreach (JsonElement name in caa.EnumerateArray())
                parsed.InvocationConfiguration.Output.WriteLine($"caa          {Text(name, "name"),-64}  {(name.GetProperty("trusted").GetBoolean() ? "heard of" : "not heard of"),-16}  {RecordsOf(name)}");
            if (keys.GetArrayLength() + certificates.GetArrayLength() + authorities.GetArrayLength() == 0)
                parsed.InvocationConfiguration.Output.WriteLine("nothing is authorised: every certificate for a watched name is told of; begin with 'certherald known add key FILE'");
            return CommandLine.Done;
        });
        return command.WithExamples("""
            certherald known list
            certherald known list --json
            """);
    }

    private static Command Add()
    {
        var certificate = new Command("certificate", "Authorises single certificates, each with its precertificate. A log may have shown one before you could: prefer keys.")
        { Files, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        certificate.SetAction((parsed, stopping) => SendAsync(parsed, Certificates, CertificateOf, added => $"certificate {Text(added, "tbs_sha256")} is authorised", stopping));
        return new Command("add", "Authorises keys or certificates, and makes known what was unknown until now. Nobody is told anything.")
        {
            AddKeys("key", """
                certherald known add key www.csr
                certherald known add key /etc/letsencrypt/live/www.example.com/cert.pem
                """),
            certificate.WithExamples("certherald known add certificate www.crt --json"),
        }.WithExamples("certherald known add key www.csr shop.csr");
    }

    private static Command AddKeys(string name, string examples)
    {
        var command = new Command(name, "Authorises a key for its names: of a certificate signing request, or of a certificate that you have. Renewals with it are known, too.")
        { Files, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction((parsed, stopping) => SendAsync(parsed, Keys, KeyOf, added => $"key {Text(added, "pubkey_sha256")} is authorised for {NamesOf(added)}", stopping));
        return command.WithExamples(examples);
    }

    private static Command Remove()
    {
        var hashes = new Argument<string[]>("HASH") { Description = "As 'certherald known list' shows it.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("remove", "Ends what 'known add' authorised. What it made known stays known.") { hashes, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        command.SetAction(async (parsed, stopping) =>
        {
            LocalAccess service = LocalAccess.Of(parsed);
            foreach (string hash in parsed.GetValue(hashes)!)
            {
                bool isKey = (await service.GetAsync(Keys, stopping)).EnumerateArray().Any(key => string.Equals(Text(key, "pubkey_sha256"), hash, StringComparison.OrdinalIgnoreCase));
                JsonElement left = await service.SendAsync(HttpMethod.Delete, $"{(isKey ? Keys : Certificates)}/{Uri.EscapeDataString(hash)}", stopping);
                string stays = left.GetProperty("configured").GetBoolean() ? ", and stays authorised: a file that the configuration names has it as well" : "";
                parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? left.GetRawText() : $"{(isKey ? "key" : "certificate")} {hash} was removed{stays}");
            }
            return CommandLine.Done;
        });
        return command.WithExamples("certherald known remove 36487345ef0c9a7aa10047ab32d64c1617f85163120e7d07187aa443729eebb4");
    }

    private static Command AuthoritiesOf()
    {
        var name = new Argument<string>("NAME") { Description = "example.com, .example.com with all below it, or an IP address." };
        var list = new Argument<string[]>("CA") { Description = "The name that the CA's CAA records have, such as letsencrypt.org, or the SHA-256 of its issuing key.", Arity = ArgumentArity.OneOrMore };
        var set = new Command("set", "Lets these CAs issue for a name, in place of those that it had.") { name, list, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        set.SetAction(async (parsed, stopping) =>
        {
            JsonElement answer = await LocalAccess.Of(parsed).SendAsync(HttpMethod.Put, PathOf(parsed.GetValue(name)!), stopping, new { authorities = parsed.GetValue(list) });
            if (answer.GetProperty("warning").GetString() is { } warning) parsed.InvocationConfiguration.Error.WriteLine($"warning: {warning}");
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json)
                ? answer.GetRawText()
                : $"{Text(answer, "name")} may have certificates of {string.Join(", ", answer.GetProperty("authorities").EnumerateArray().Select(one => one.GetString()))}");
            return CommandLine.Done;
        });
        var remove = new Command("remove", "Ends the list of a name: the one above it counts again, if there is any.") { name, LocalAccess.Json, RunCommand.ConfigOption, RunCommand.DataOption };
        remove.SetAction(async (parsed, stopping) =>
        {
            JsonElement left = await LocalAccess.Of(parsed).SendAsync(HttpMethod.Delete, PathOf(parsed.GetValue(name)!), stopping);
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? left.GetRawText() : $"{Text(left, "name")} has no list of its own any more");
            return CommandLine.Done;
        });
        return new Command("authorities", "Sets which CAs may issue for your names. A CA counts by its key, never by its name in a certificate.")
        {
            set.WithExamples("certherald known authorities set .example.com letsencrypt.org pki.goog"),
            remove.WithExamples("certherald known authorities remove .example.com"),
        }.WithExamples("certherald known authorities set .example.com letsencrypt.org");
    }

    private static string PathOf(string name) => $"{Authorities}/{Uri.EscapeDataString(name)}";

    private static async Task<int> SendAsync(
        ParseResult parsed, string path, Func<string, byte[], HttpContent> contentOf, Func<JsonElement, string> outcome, CancellationToken stopping)
    {
        // All are read before the first is sent.
        List<HttpContent> contents = [.. parsed.GetValue(Files)!.Select(file => contentOf(file, Read(file)))];
        LocalAccess service = LocalAccess.Of(parsed);
        foreach (HttpContent content in contents)
        {
            JsonElement added = await service.SendAsync(HttpMethod.Post, path, stopping, content);
            int cleared = added.GetProperty("cleared").GetArrayLength();
            parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(LocalAccess.Json) ? added.GetRawText() : outcome(added) + (cleared > 0 ? $"; {cleared} earlier {(cleared == 1 ? "issuance is" : "issuances are")} known by it" : ""));
        }
        return CommandLine.Done;
    }

    private static byte[] Read(string file)
    {
        try
        {
            using Stream stream = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            // One byte more than is taken says that there is more.
            byte[] bytes = new byte[SigningRequest.MostBytes + 1];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length < bytes.Length ? bytes[..length] : throw new CommandFailedException($"{file} is larger than {SigningRequest.MostBytes >> 10} KiB: no request or certificate is");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"{file} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>The request as it is, for the service to check; or the key and names of a certificate.</summary>
    private static HttpContent KeyOf(string file, byte[] bytes)
    {
        if (SigningRequest.TryRead(bytes) is not null)
            return Raw(bytes, PemFile.TryReadFirst(bytes, "CERTIFICATE REQUEST") is null && PemFile.TryReadFirst(bytes, "NEW CERTIFICATE REQUEST") is null ? "application/pkcs10" : "application/x-pem-file");
        CertificateFacts facts = FactsOf(file, bytes, "certificate signing request and no certificate");
        if (facts.DnsNames.Count == 0) throw new CommandFailedException($"{file} has no DNS name: a key is authorised for DNS names only");
        return JsonContent.Create(new { pubkey_sha256 = facts.PubkeySha256, dns_names = facts.DnsNames });
    }

    private static ByteArrayContent CertificateOf(string file, byte[] bytes)
    {
        _ = FactsOf(file, bytes, "certificate");
        return Raw(bytes, PemFile.TryReadFirst(bytes, "CERTIFICATE") is null ? "application/pkix-cert" : "application/x-pem-file");
    }

    private static CertificateFacts FactsOf(string file, byte[] bytes, string expected)
    {
        byte[] der = PemFile.TryReadFirst(bytes, "CERTIFICATE") ?? bytes;
        return CertificateView.TryRead(der, out CertificateView certificate) && !certificate.Spki.IsEmpty
            ? CertificateReading.Read(der, certificate, CertificateReading.IdentifiersOf(certificate), certificate.IsPrecertificate, issuerPubkeySha256: null)
            : throw new CommandFailedException($"{file} is no {expected}, in PEM or DER");
    }

    private static ByteArrayContent Raw(byte[] bytes, string type) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

    private static string Text(JsonElement of, string member) => Visible.Of(of.GetProperty(member).GetString() ?? "");

    private static string NamesOf(JsonElement of) => string.Join(' ', of.GetProperty("dns_names").EnumerateArray().Select(name => Visible.Of(name.GetString() ?? "")));

    private static string RecordsOf(JsonElement caa) => caa.GetProperty("records") is { ValueKind: JsonValueKind.Array } records
        ? records.GetArrayLength() == 0 ? "none" : string.Join(", ", records.EnumerateArray().Select(record => Visible.Of(record.GetString() ?? "")))
        : Text(caa, "problem");

    private static string OriginOf(JsonElement of) => of.GetProperty("configured").GetBoolean() ? "configuration"
        : of.GetProperty("added") is { ValueKind: JsonValueKind.String } added ? $"added {added.GetDateTimeOffset().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}" : "";
}
