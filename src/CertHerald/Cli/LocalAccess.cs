using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CertHerald.Configuring;

namespace CertHerald.Cli;

/// <summary>Where the running service of a data directory answers, and the key that it left there for this machine's commands.</summary>
internal sealed record LocalAccess(Uri Address, string Key)
{
    private const string FileName = "service.json";

    /// <summary>Of every command that shows what the service answers.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "Print JSON, as the API gives it." };

    /// <summary>Leaves address and key for the commands, readable by this user alone. Written beside and renamed: never half there.</summary>
    public void Save(string data)
    {
        string path = Path.Combine(data, FileName), fresh = path + ".new";
        File.Delete(fresh);
        var style = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) style.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(fresh, style)) JsonSerializer.Serialize(file, new { address = Address, key = Key });
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>Removes what <see cref="Save"/> left: the service has stopped.</summary>
    public static void Forget(string data) => File.Delete(Path.Combine(data, FileName));

    /// <summary>That of the data directory which a command's options name.</summary>
    /// <exception cref="CommandFailedException">No service runs on it, or this user may not speak to it.</exception>
    public static LocalAccess Of(ParseResult parsed) => Find(
        Configuration.Read(parsed.GetValue(RunCommand.ConfigOption), new CommandLineOverrides(parsed.GetValue(RunCommand.DataOption))).Data);

    /// <exception cref="CommandFailedException">No service runs on this directory, or this user may not speak to it.</exception>
    public static LocalAccess Find(string data)
    {
        try
        {
            JsonElement saved = JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(Path.Combine(data, FileName)));
            return new LocalAccess(new Uri(saved.GetProperty("address").GetString()!), saved.GetProperty("key").GetString()!);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFailedException($"no service runs on {data}: start it with 'certherald run', or name its directory with --data DIR", failure);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new CommandFailedException($"{failure.Message} Use the user that the service runs as.", failure);
        }
    }

    /// <exception cref="CommandFailedException">It does not answer, or refuses.</exception>
    public Task<JsonElement> GetAsync(string path, CancellationToken stopping) => SendAsync(HttpMethod.Get, path, stopping);

    /// <exception cref="CommandFailedException">It does not answer, or refuses.</exception>
    public Task<JsonElement> PostAsync(string path, CancellationToken stopping) => SendAsync(HttpMethod.Post, path, stopping);

    /// <summary>Asks for something large, however long it takes to make, and writes it down as it comes.</summary>
    /// <exception cref="CommandFailedException">It does not answer, or refuses: the message says why.</exception>
    public async Task DownloadAsync(string path, Stream to, CancellationToken stopping)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
            using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stopping);
            if (!answer.IsSuccessStatusCode)
                throw new CommandFailedException($"the service at {Address} refused: {JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(stopping)).GetProperty("message").GetString()}");
            await answer.Content.CopyToAsync(to, stopping);
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException)
        {
            throw new CommandFailedException($"the service at {Address} does not answer, or not to the end: see whether it still runs ({failure.Message})", failure);
        }
    }

    /// <summary>Asks for a change and gives the answer.</summary>
    /// <exception cref="CommandFailedException">It does not answer, or refuses: the message says why.</exception>
    /// <param name="content">Sent as JSON, unless it is content already; null for no body.</param>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, CancellationToken stopping, object? content = null)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
            if (content is not null) request.Content = content as HttpContent ?? JsonContent.Create(content);
            using HttpResponseMessage answer = await client.SendAsync(request, stopping);
            if (answer.StatusCode == HttpStatusCode.Unauthorized)
                throw new CommandFailedException($"the service at {Address} answered {(int)answer.StatusCode}: it may have been started anew; try again");
            if (answer.StatusCode == HttpStatusCode.NoContent) return default;
            byte[] bytes = await answer.Content.ReadAsByteArrayAsync(stopping);
            // Without a body it knows not even the address: a name in it is none that it can have.
            if (answer.StatusCode == HttpStatusCode.NotFound && bytes.Length == 0) throw new CommandFailedException($"the service at {Address} refused: There is no such thing.");
            JsonElement body = JsonElement.Parse(bytes);
            if (!answer.IsSuccessStatusCode)
                throw new CommandFailedException($"the service at {Address} refused: {(body.TryGetProperty("message", out JsonElement message) ? message.GetString() : answer.StatusCode)}");
            return body;
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException || (failure is TaskCanceledException && !stopping.IsCancellationRequested))
        {
            throw new CommandFailedException($"the service at {Address} does not answer: see whether it still runs ({failure.Message})", failure);
        }
    }
}
