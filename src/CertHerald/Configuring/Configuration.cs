using System.Collections;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Access;
using CertHerald.Api.Feeds;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Delivering.Operators;
using CertHerald.Delivering.Signing;
using CertHerald.Dialects;
using CertHerald.Dialects.CertSpotter.Api;
using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;
using CertHerald.Resolving;
using CertHerald.Storage;

namespace CertHerald.Configuring;

/// <summary>What the command line says; it wins over file and environment.</summary>
internal sealed record CommandLineOverrides(string? Data = null, string? Listen = null);

/// <summary>Reads the configuration: file, then <c>CERTHERALD__SECTION__KEY</c> from the environment, then the command line.</summary>
internal static class Configuration
{
    public const string DefaultFile = "certherald.json";
    private const string EnvironmentPrefix = "CERTHERALD__";

    /// <summary>What a running service reads again.</summary>
    private static readonly string[] Reloaded = ["watch", "watch_files", "known", "webhooks", "smtp", "outbound", "oidc", "lookalikes"];

    /// <summary>Reads and checks all of it.</summary>
    /// <param name="file">Null: <c>certherald.json</c> if it is there, else the defaults.</param>
    /// <exception cref="ConfigurationException">Every mistake, not the first.</exception>
    public static CertHeraldOptions Read(string? file, CommandLineOverrides overrides, IDictionary? environment = null)
    {
        var files = new ReadFiles();
        files.Add(file ?? DefaultFile);
        JsonObject values = ReadFile(file);
        foreach (DictionaryEntry variable in environment ?? Environment.GetEnvironmentVariables())
            if (((string)variable.Key).StartsWith(EnvironmentPrefix, StringComparison.Ordinal))
                Set(values, ((string)variable.Key)[EnvironmentPrefix.Length..].ToLowerInvariant().Split("__"), (string?)variable.Value ?? "");
        if (overrides.Data is not null) values["data"] = overrides.Data;
        if (overrides.Listen is not null) values["listen"] = overrides.Listen;

        var mistakes = new List<ConfigurationMistake>();
        CertHeraldOptions options = Bind(new ConfigurationSection(values, file ?? DefaultFile, "", mistakes, files), files, mistakes) with
        {
            UntilRestart = values.Where(section => !Reloaded.Contains(section.Key)).ToDictionary(section => section.Key, section => section.Value?.ToJsonString() ?? ""),
        };
        return mistakes.Count == 0 ? options : throw new ConfigurationException(mistakes);
    }

    private static JsonObject ReadFile(string? file)
    {
        string path = file ?? DefaultFile;
        if (file is null && !File.Exists(path)) return [];
        try
        {
            var style = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };
            ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
            // Some editors put a byte order mark before UTF-8.
            return JsonNode.Parse(bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes, documentOptions: style) as JsonObject
                ?? throw new ConfigurationException([new ConfigurationMistake(path, "is no configuration", "begin with { and end with }")]);
        }
        catch (JsonException failure)
        {
            throw new ConfigurationException([new ConfigurationMistake(
                $"{path}: line {(failure.LineNumber ?? 0) + 1}", $"is not JSON: {failure.Message}", "comments and trailing commas are allowed, nothing else is")]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([new ConfigurationMistake(path, $"cannot be read: {failure.Message}", "name another file with --config FILE")]);
        }
    }

    /// <summary>Puts a text where an environment variable's name points; sections on the way are made.</summary>
    private static void Set(JsonObject values, string[] path, string text)
    {
        JsonObject at = values;
        foreach (string section in path[..^1])
        {
            if (at[section] is not JsonObject inner) at[section] = inner = [];
            at = inner;
        }
        at[path[^1]] = text;
    }

    private static CertHeraldOptions Bind(ConfigurationSection root, ReadFiles files, List<ConfigurationMistake> mistakes)
    {
        var defaults = new CertHeraldOptions();
        Uri listen = Listen(root, "listen") ?? defaults.Listen;
        string publicUrl = PublicUrl(root) ?? listen.GetLeftPart(UriPartial.Authority);
        var trustedProxies = new List<IPNetwork>();
        foreach (string text in root.Texts("trusted_proxies") ?? [])
            if (TryReadNetwork(text, out IPNetwork network) && network.PrefixLength > 0) trustedProxies.Add(network);
            else root.Mistake("trusted_proxies", $"\"{text}\" is no proxy's address", "write 127.0.0.1, or a network such as 10.1.2.0/24 that only your proxies are in");
        IReadOnlyList<string> watchFiles = root.Texts("watch_files") ?? [];
        files.Add(watchFiles);
        WatchList watch = WatchLists.Read(root.Texts("watch") ?? [], watchFiles, root.PlaceOf("watch"), mistakes, out IReadOnlyList<string> warnings);

        ConfigurationSection known = root.Section("known");
        KnownCertificates knownCertificates = KnownSection.Read(known, files, out IReadOnlyList<string> knownWarnings);

        IReadOnlyList<ProtectedDomain> lookalikes = LookalikeSection.Read(root, "lookalikes");
        string baseline = root.Text("baseline") ?? "told";
        if (baseline is not ("told" or "silent")) root.Mistake("baseline", $"\"{baseline}\" is no choice", "write \"silent\" to be told of nothing that logs hold before the first start, or \"told\"");
        OutboundOptions outbound = Outbound(root.Section("outbound"));
        RetentionOptions retention = Retention(root.Section("retention"));
        IndexOptions index = IndexKeys.Read(root);
        IReadOnlyList<WebhookOptions> webhooks = Webhooks(root.Sections("webhooks"));
        OpenIdOptions? openId = OpenIdSection.Read(root.Section("oidc"), root.Has("oidc"), publicUrl + WebConsole.OpenIdSignIn.CallbackPath);
        MailOptions? mail = SmtpSection.Read(root.Section("smtp"));
        if (mail is not null && webhooks.Any(webhook => webhook.Name == MailOptions.ChannelName))
            root.Mistake("smtp", $"is a channel of the name {MailOptions.ChannelName}, and so is a webhook", "give the webhook another name");
        CertStreamOptions certStream = CertStreamSection.Read(root.Section("certstream"));
        RevocationOptions revocation = RevocationSection.Read(root.Section("revocation"));
        RenewalOptions renewal = EndpointsSection.Read(root.Section("endpoints"));
        OperatorOptions operators = Operator(root.Section("operator"));
        LogOptions logs = Logs(root.Section("logs"));
        CertSpotterApiOptions certSpotterApi = CertSpotterApi(root.Section("certspotter_api"));
        string store = SecretText.Read(root.Text("store") ?? defaults.Store, out (string Problem, string Remedy)? unread) ?? defaults.Store;
        if ((unread ?? Stores.MistakeIn(store)) is { } mistake) root.Mistake("store", mistake.Problem, mistake.Remedy);
        string data = root.Text("data") ?? defaults.Data;
        files.Add(SuffixFile.PathIn(data));
        PublicSuffixes? suffixes = SuffixFile.Read(data, out string? suffixWarning);
        root.Finish();

        return new CertHeraldOptions
        {
            Listen = listen,
            PublicUrl = publicUrl,
            TrustedProxies = trustedProxies,
            Data = data,
            Store = store,
            Logs = logs,
            Watch = watch,
            Lookalikes = lookalikes,
            Known = knownCertificates,
            IsBaselineSilent = baseline == "silent",
            Suffixes = suffixes,
            Files = files.Stamps,
            Webhooks = mail is null ? webhooks : [.. webhooks, mail.ToChannel()],
            Operator = operators,
            Outbound = outbound,
            Retention = retention,
            Index = index,
            OpenId = openId,
            CertStream = certStream,
            Revocation = revocation,
            Renewal = renewal,
            CertSpotterApi = certSpotterApi,
            Warnings = [.. warnings, .. knownWarnings, .. suffixWarning is null ? Array.Empty<string>() : [suffixWarning], .. PublicTrees.Warnings(watch, suffixes), .. Unlinkable(listen, publicUrl), .. Warnings(logs, watch, lookalikes, webhooks, mail, knownCertificates), .. Unreachable(webhooks, outbound)],
        };
    }

    private static IEnumerable<string> Warnings(
        LogOptions logs, WatchList watch, IReadOnlyList<ProtectedDomain> lookalikes, IReadOnlyList<WebhookOptions> webhooks, MailOptions? mail, KnownCertificates known)
    {
        if (lookalikes.Count > 0 && !webhooks.Any(webhook => webhook.Events.Contains(EventKinds.Lookalike)) && mail?.Events.Contains(EventKinds.Lookalike) != true)
            yield return "no webhook takes \"lookalike\": look-alikes are shown in the console only";
        bool isDigested = lookalikes.Any(domain => domain.DigestFrom is not null), takesDigest = webhooks.Any(webhook => webhook.Events.Contains(EventKinds.LookalikeDigest)) || mail?.Events.Contains(EventKinds.LookalikeDigest) == true;
        if (isDigested && !takesDigest) yield return "no webhook takes \"lookalike.digest\": weak look-alikes are shown in the console only";
        if (watch.Count == 0 && lookalikes.Count == 0) yield return "nothing is watched: add names to \"watch\" or a file to \"watch_files\"";
        if (webhooks.Count == 0) yield return "no webhook is configured: findings are shown in the console only";
        if (logs.Lists.Count > 0 && (!Contact.FitsHeader(logs.Contact) || !Contact.ReachesSomebody(logs.Contact)))
            yield return logs.Contact.Length == 0
                ? "logs.contact is empty: log operators ask for an e-mail address or URL, and slow down who gives none"
                : Contact.FitsHeader(logs.Contact)
                    ? "logs.contact holds no e-mail address or URL of yours: log operators ask for one, and slow down who gives none"
                    : "logs.contact has characters that no header takes, so it is left out of requests: write an e-mail address or URL in ASCII, without ( ) and \\";
        foreach (LogListOptions list in logs.Lists.Where(list => list.SignedBy is null && ListSigner.Of(list.Location) is not null))
            yield return $"logs.lists: {list.Shown} is signed, and its signature is not asked for";
        if (!webhooks.Any(webhook => webhook.Events.Contains(EventKinds.MalformedCertificate)))
            yield return "no webhook takes \"malformed_certificate\": a certificate that cannot be read is shown in the console only";
        if (known.CaaUse is not null && mail is null && !webhooks.Any(webhook => webhook.Events.Contains(EventKinds.Operator)))
            yield return "known.use_caa authorises nothing: CAA records count only once an operator channel was told of them, and there is none";
        if (mail is null && !webhooks.Any(webhook => webhook.Events.Contains(EventKinds.Operator)))
            yield return "no webhook takes \"operator\" and there is no \"smtp\": trouble is shown in the console, /readyz and metrics only; add a webhook with \"dialect\": \"native\", \"events\": [\"operator\"], or a mail server";
        if (mail is { Tls: MailTls.None } && !MailOptions.IsThisMachine(mail.Host))
            yield return $"smtp.tls is \"none\": notices go to {mail.Host} unencrypted";
    }

    /// <summary>Links that will lead nowhere.</summary>
    private static IEnumerable<string> Unlinkable(Uri listen, string publicUrl)
    {
        if (publicUrl != listen.GetLeftPart(UriPartial.Authority)) yield break;
        if (listen.Port == 0) yield return "listen leaves the port to chance, so links in alerts cannot name it: set public_url";
        else if (IPAddress.TryParse(listen.Host, out IPAddress? address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
            yield return "listen names no address that people can open, so links in alerts lead nowhere: set public_url";
    }

    /// <summary>Webhooks that the guard will refuse, as far as their text tells.</summary>
    public static IEnumerable<string> Unreachable(IReadOnlyList<WebhookOptions> webhooks, OutboundOptions outbound)
    {
        foreach (WebhookOptions webhook in webhooks)
        {
            IPAddress? literal = IPAddress.TryParse(webhook.Url.IdnHost.TrimEnd('.'), out IPAddress? parsed) ? parsed : webhook.Url.IsLoopback ? IPAddress.Loopback : null;
            AddressVerdict verdict = literal is null ? AddressVerdict.Public : AddressRanges.Judge(literal, outbound);
            if (verdict == AddressVerdict.Blocked)
                yield return $"webhook {webhook.Name}: {literal} is no public address, so nothing will be delivered: open it with outbound.allow (watch: --allow)";
            else if (verdict == AddressVerdict.Public && webhook.Url.Scheme == Uri.UriSchemeHttp)
                yield return $"webhook {webhook.Name}: public addresses are reached by https only, so nothing will be delivered: write https://…, or open a private network with outbound.allow";
        }
    }

    private static Uri? Listen(ConfigurationSection section, string key)
    {
        if (section.Text(key) is not { } text) return null;
        // An address, not a name: a name that does not lead here would be listened to on every address.
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri is { Scheme: "http", PathAndQuery: "/", UserInfo: "", Fragment: "" }
            && (uri.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6 || uri.IdnHost == "localhost")) return uri;
        section.Mistake(key, "is no address to listen on", "write http://127.0.0.1:8470; put a reverse proxy before it for HTTPS");
        return null;
    }

    private static string? PublicUrl(ConfigurationSection section)
    {
        if (section.Text("public_url") is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && uri is { AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" })
            return uri.GetLeftPart(UriPartial.Authority);
        section.Mistake("public_url", "is no address without user name, path, ? and #", "write https://ct.your-company.tld: console and API stand at its top");
        return null;
    }

    private static LogOptions Logs(ConfigurationSection section)
    {
        var defaults = new LogOptions();
        LogStart start = LogStart.End;
        if (section.Text("start") is { } text && !LogStart.TryParse(text, out start))
            section.Mistake("start", $"\"{text}\" is no place to begin", $"write {LogStart.Forms}");

        var rates = new RateCeilings();
        rates = new RateCeilings
        {
            Rfc6962 = section.Number("rate", HostRate.Least) ?? rates.Rfc6962,
            Tiled = section.Number("rate_tiled", HostRate.Least) ?? rates.Tiled,
            Custom = section.Number("rate_custom", HostRate.Least) ?? rates.Custom,
        };

        var custom = new List<CustomLogOptions>();
        foreach (ConfigurationSection log in section.Sections("custom"))
        {
            var options = new CustomLogOptions
            {
                Description = log.Text("description") ?? "",
                Key = log.Text("key") ?? "",
                Url = log.Text("url"),
                SubmissionUrl = log.Text("submission_url"),
                MonitoringUrl = log.Text("monitoring_url"),
                HeadInterval = log.Duration("head_interval"),
                Archived = log.Flag("archived") ?? false,
                TakesAnyCertificate = log.Flag("any_certificate") ?? false,
            };
            if (options.ToLog(out string? problem) is null) log.Mistake("key", problem!, "give key (base64) and url, or key, submission_url and monitoring_url");
            log.Finish();
            custom.Add(options);
        }

        IReadOnlyList<LogListOptions> lists = section.TextsOrSections("lists") is { } given
            ? [.. given.Select(item => item.Section is { } list ? List(list) : LogListOptions.At(item.Text!))]
            : custom.Count > 0 ? [] : defaults.Lists;
        foreach (LogListOptions list in lists)
            if (!LogListSource.IsUsable(list.Location, out string? problem)) section.Mistake("lists", $"\"{list.Shown}\": {problem}", "give a file, or a URL with https");

        var options2 = new LogOptions
        {
            Lists = lists,
            States = section.Texts("states") ?? defaults.States,
            Custom = custom,
            Start = start,
            Rates = rates,
            Contact = section.Text("contact") ?? defaults.Contact,
        };
        section.Finish();
        return options2;
    }

    private static LogListOptions List(ConfigurationSection section)
    {
        const string remedy = "write chrome, none, or the path of a PEM file";
        string? location = section.Text("url"), signer = section.Text("signed_by");
        section.Finish();
        if (string.IsNullOrEmpty(location)) section.Mistake("url", "is missing", "give a file, or a URL with https");
        LogListOptions list = LogListOptions.At(location ?? "");
        string? problem = null;
        list = signer switch
        {
            null => list,
            "none" => list with { SignedBy = null },
            "chrome" => list with { SignedBy = ListSigner.Chrome },
            _ => list with { SignedBy = ListSigner.OfFile(signer, out problem) },
        };
        if (problem is not null) section.Mistake("signed_by", $"\"{signer}\": {problem}", remedy);
        return list;
    }

    /// <summary>A network, or one address.</summary>
    public static bool TryReadNetwork(string text, out IPNetwork network)
    {
        if (IPNetwork.TryParse(text, out network)) return true;
        if (!IPAddress.TryParse(text, out IPAddress? address)) return false;
        network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return true;
    }

    private static OutboundOptions Outbound(ConfigurationSection section)
    {
        var allow = new List<IPNetwork>();
        foreach (string text in section.Texts("allow") ?? [])
            if (TryReadNetwork(text, out IPNetwork network)) allow.Add(network);
            else section.Mistake("allow", $"\"{text}\" is no network", "write 10.1.2.0/24 or one address");

        var ports = new List<int>();
        foreach (string text in section.TextsOrNumbers("ports") ?? [])
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and < 65536) ports.Add(port);
            else section.Mistake("ports", $"{text} is no port", "write [443, 8443]");

        OutboundProxy? proxy = null;
        if (section.Secret("proxy") is { } address && !OutboundProxy.TryParse(address, out proxy, out string? mistake))
            section.Mistake("proxy", mistake, "then public addresses are reached through it");

        var options = new OutboundOptions { AllowPrivateNetworks = section.Flag("allow_private_networks") ?? false, Allow = allow, Proxy = proxy, Trust = TlsKeys.ReadTrust(section) };
        if (ports.Count > 0) options = options with { Ports = ports };
        section.Finish();
        return options;
    }

    private static OperatorOptions Operator(ConfigurationSection section)
    {
        var options = new OperatorOptions();
        if (section.Text("heartbeat_at") is { } text)
        {
            if (TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly at)) options = options with { HeartbeatAt = at };
            else section.Mistake("heartbeat_at", $"\"{text}\" is no time of day", "write \"06:00\", in UTC");
        }
        if (section.Secret("dead_man_url") is { } url)
        {
            if (!WebhookUrl.TryParse(url, out WebhookUrl? parsed, out string? mistake)) section.Mistake("dead_man_url", mistake, "then it can be asked");
            else if (parsed.Credentials is not null) section.Mistake("dead_man_url", "has a user name, which is not sent", "put what tells you apart into the path");
            else options = options with { DeadManUrl = parsed.Address };
        }
        section.Finish();
        return options;
    }

    private static CertSpotterApiOptions CertSpotterApi(ConfigurationSection section)
    {
        var options = new CertSpotterApiOptions { Anonymous = section.Flag("anonymous") ?? false, KeyRequests = section.Whole("requests_per_hour", 1, int.MaxValue) };
        section.Finish();
        return options;
    }

    private static RetentionOptions Retention(ConfigurationSection section)
    {
        var options = new RetentionOptions();
        if (section.Duration("deliveries") is { } deliveries)
        {
            // The longest schedule of retries takes three days and a quarter.
            if (deliveries < TimeSpan.FromDays(7)) section.Mistake("deliveries", "is too short: what is held or dead would be lost before anybody looks", "write 7d or more");
            else options = options with { Deliveries = deliveries };
        }
        if (section.Duration("lookalikes") is { } lookalikes)
        {
            if (lookalikes < options.Deliveries) section.Mistake("lookalikes", "is shorter than \"deliveries\": what is owed of them could not be written any more", "write as much as \"deliveries\" has, or more");
            else options = options with { Lookalikes = lookalikes };
        }
        else if (options.Lookalikes < options.Deliveries)
        {
            options = options with { Lookalikes = options.Deliveries };
        }
        section.NotYet("expired_issuances", "remove it: findings are kept");
        section.Finish();
        return options;
    }

    private static List<WebhookOptions> Webhooks(IReadOnlyList<ConfigurationSection> sections)
    {
        var webhooks = new List<WebhookOptions>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ConfigurationSection section in sections)
        {
            string? name = section.Text("name"), dialect = section.Text("dialect") ?? "certspotter", url = section.Secret("url");
            IWebhookDialect? language = WebhookDialects.OfWebhooks.FirstOrDefault(one => one.Name == dialect);
            IReadOnlyList<string> events = section.Texts("events") ?? [.. EventKinds.All.Where(kind => language?.Speaks(kind) == true).Take(1)];
            bool evidence = section.Flag("evidence") ?? false;
            int? concurrency = section.Whole("concurrency", 1, WebhookOptions.MostConcurrency);
            double? rate = section.Number("rate", WebhookOptions.LeastRate, WebhookOptions.MostRate);
            IReadOnlyList<WebhookHeader> headers = Headers(section);
            bool? signed = section.Flag("signed");
            List<SigningSecret> secrets = SigningSecrets(section);
            string? appSecret = section.Secret(DialectOptions.AppSecret);
            bool includeValues = section.Flag(DialectOptions.IncludeValues) ?? true, acceptAny2xx = section.Flag(DialectOptions.AcceptAny2xx) ?? false;
            int maxBatch = section.Whole(DialectOptions.MaxBatch, 1, WebhookOptions.MostBatched) ?? 1;
            int maxBatchBytes = section.Whole(DialectOptions.MaxBatchBytes, WebhookOptions.LeastBatchBytes, WebhookOptions.MostBatchBytes) ?? WebhookOptions.DefaultBatchBytes;
            WebhookTls? tls = TlsKeys.Read(section);
            section.Finish();

            if (string.IsNullOrWhiteSpace(name)) section.Mistake("name", "is missing", "give each webhook a short name: it stands for the URL everywhere");
            else if (!WebhookOptions.IsName(name)) section.Mistake("name", $"\"{name}\" cannot stand in an address", $"write {WebhookOptions.NameForm}");
            else if (!names.Add(name)) section.Mistake("name", $"\"{name}\" is given twice", "give each webhook its own name");

            if (language is not { } spoken)
                section.Mistake("dialect", $"\"{dialect}\" is unknown", DidYouMean.Remedy(dialect, [.. WebhookDialects.OfWebhooks.Select(one => one.Name)]));
            else if (events.Count == 0)
                section.Mistake("events", "names no event: the webhook would never be called", $"write {string.Join(" or ", EventKinds.All.Where(spoken.Speaks))}, or remove the webhook");
            else
                foreach (string kind in events.Where(kind => !spoken.Speaks(kind)))
                    section.Mistake("events", $"\"{kind}\" is no event of the dialect {dialect}", DidYouMean.Remedy(kind, [.. EventKinds.All.Where(spoken.Speaks)]));

            foreach (string option in DialectOptions.All.Where(option => section.Has(option) && language?.Options.Contains(option) == false))
                section.Mistake(option, $"is no option of the dialect {dialect}", "remove it");
            AppSecret? signing = null;
            if (language?.Options.Contains(DialectOptions.AppSecret) == true && !section.Has(DialectOptions.AppSecret))
                section.Mistake(DialectOptions.AppSecret, "is missing, and receivers of this dialect take nothing that is not signed", "give it: env:NAME or file:PATH");
            else if (appSecret is not null && !AppSecret.TryParse(appSecret, out signing, out string? unusable))
                section.Mistake(DialectOptions.AppSecret, unusable.Split(": ", 2)[0], unusable.Split(": ", 2)[1]);

            if (language?.SignsByDefault == true && signed is null && !section.Has("secret"))
                section.Mistake("secret", $"is missing, and requests of the dialect {dialect} are signed", "give it: env:NAME or file:PATH, with whsec_ and the base64 of 32 random bytes; or write \"signed\": false");
            if (signed == true && !section.Has("secret")) section.Mistake("signed", "asks for signatures, and there is no secret", "give one in \"secret\": env:NAME or file:PATH");

            // What is there and unusable has been said already.
            if (url is null && !section.Has("url")) section.Mistake("url", "is missing", "write https://user:password@host/path");
            else if (url is null) continue;
            else if (!WebhookUrl.TryParse(url, out WebhookUrl? parsed, out string? mistake)) section.Mistake("url", mistake, "then it can be called");
            else if (parsed.Credentials is not null && headers.Any(header => string.Equals(header.Name, "Authorization", StringComparison.OrdinalIgnoreCase)))
                section.Mistake("headers", "hold Authorization, and the URL has a password", "leave one of them out");
            else webhooks.Add(new WebhookOptions
            {
                Name = name ?? "",
                Dialect = dialect,
                Url = parsed.Address,
                Credentials = parsed.Credentials,
                Events = events,
                Evidence = evidence,
                IncludeValues = includeValues,
                AcceptAny2xx = acceptAny2xx,
                MaxBatch = maxBatch,
                MaxBatchBytes = maxBatchBytes,
                Tls = tls,
                Signer = WebhookSigners.Of(signed != false ? secrets : [], signing is null ? [] : [signing]),
                Headers = headers,
                Concurrency = concurrency ?? WebhookOptions.DefaultConcurrency,
                Rate = rate ?? WebhookOptions.DefaultRate,
            });
        }
        return webhooks;
    }

    private static IReadOnlyList<WebhookHeader> Headers(ConfigurationSection section)
    {
        IReadOnlyList<WebhookHeader> headers = [.. section.SecretsByName("headers").Select(header => new WebhookHeader(header.Key, header.Value))];
        if (WebhookHeader.MistakeIn(headers) is not { } mistake) return headers;
        string[] parts = mistake.Split(": ", 2);
        section.Mistake("headers", parts[0], parts[^1]);
        return [];
    }

    /// <summary>Newest first, as written. All sign for as long as they stand there.</summary>
    private static List<SigningSecret> SigningSecrets(ConfigurationSection section)
    {
        var secrets = new List<SigningSecret>();
        IReadOnlyList<string>? texts = section.Secrets("secret");
        if (texts is { Count: > StandardSigner.MostOld + 1 })
            section.Mistake("secret", $"holds {texts.Count} secrets", $"keep the newest and at most {StandardSigner.MostOld} old ones");
        foreach (string text in texts ?? [])
            if (SigningSecret.TryParse(text, out SigningSecret? secret, out string? mistake)) secrets.Add(secret);
            else section.Mistake("secret", mistake.Split(": ", 2)[0], mistake.Split(": ", 2)[1]);
        return secrets;
    }
}
