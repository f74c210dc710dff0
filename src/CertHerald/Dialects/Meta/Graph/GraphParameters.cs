using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>What a request asks for: its query and its body, in whatever form its client writes them.</summary>
internal sealed class GraphParameters
{
    /// <summary>Of a body, in bytes; the server refuses more than this anyway.</summary>
    private const int MostBytes = 1 << 20;

    private const int MostValues = 20_000, MostListed = 10_000, MostNameCharacters = 256, MostDepth = 8;

    private readonly Dictionary<string, List<string>> _values = new(StringComparer.Ordinal);
    private int _count;

    /// <exception cref="GraphRefusal">The body is none that can be read.</exception>
    public static async Task<GraphParameters> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        var parameters = new GraphParameters();
        foreach ((string name, StringValues values) in request.Query) parameters.Add(name, values);
        try
        {
            await parameters.ReadBodyAsync(request, cancellation);
        }
        // Half of a surrogate pair is found out when the text is taken.
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw GraphRefusal.BadParameter("The body is no JSON object of texts, numbers, truth values and lists of them.");
        }
        catch (BadHttpRequestException failure) when (failure.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw GraphRefusal.BadParameter("The body is larger than 1 MiB.");
        }
        // One that ends too soon, or is in pieces that are none; a form that is too long, or has no boundary.
        catch (Exception failure) when (failure is InvalidDataException or IOException)
        {
            throw GraphRefusal.BadParameter("The body cannot be read to its end, or has too many parts.");
        }
        return parameters;
    }

    /// <summary>A parameter's only value; given several times, the last, the body's before the query's. Null if it is missing or empty.</summary>
    public string? Text(string name) => _values.TryGetValue(name, out List<string>? values) && values[^1].Length > 0 ? values[^1] : null;

    /// <summary>Every value: several of a name, with commas between, or in a JSON array. Empty ones are left out.</summary>
    /// <exception cref="GraphRefusal">What begins as an array is none, or there are too many.</exception>
    public IReadOnlyList<string> List(string name)
    {
        if (!_values.TryGetValue(name, out List<string>? values)) return [];
        var all = new List<string>();
        foreach (string value in values)
            if (value.AsSpan().TrimStart().StartsWith("[", StringComparison.Ordinal))
                foreach (string one in Array(name, value)) AddTo(all, one, name);
            else
                foreach (Range one in value.AsSpan().Split(',')) AddTo(all, value.AsSpan(one), name);
        return all;
    }

    /// <exception cref="GraphRefusal">It is neither true nor false.</exception>
    public bool? Flag(string name) => Text(name) switch
    {
        null => null,
        "1" => true,
        "0" => false,
        { } text when bool.TryParse(text, out bool flag) => flag,
        _ => throw GraphRefusal.BadParameter($"The parameter {name} is true or false."),
    };

    /// <summary>A number in a range; what is beyond is its nearest end, and what is none the usual.</summary>
    public int Clamped(string name, int usual, int most) =>
        Text(name) is not { } text ? Math.Min(usual, most)
        : decimal.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out decimal number) ? (int)Math.Clamp(number, 1, most)
        // More digits than any number has that is meant.
        : text.TrimStart('+').AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 ? most
        : Math.Min(usual, most);

    private static IEnumerable<string> Array(string name, string value)
    {
        try
        {
            using var json = JsonDocument.Parse(value, new JsonDocumentOptions { MaxDepth = MostDepth });
            return [.. json.RootElement.EnumerateArray().Select(TextOf).OfType<string>()];
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw GraphRefusal.BadParameter($"The parameter {name} begins as a JSON array and is none of texts.");
        }
    }

    /// <summary>While they are taken apart: half a million commas must not become as many texts first.</summary>
    private static void AddTo(List<string> all, ReadOnlySpan<char> text, string name)
    {
        text = text.Trim();
        if (text.IsEmpty) return;
        if (all.Count == MostListed) throw GraphRefusal.BadParameter($"The parameter {name} lists more than {MostListed:#,0} values.");
        all.Add(text.ToString());
    }

    private async Task ReadBodyAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false }) return;
        if (request.HasFormContentType)
        {
            var limits = new FormOptions
            {
                BufferBodyLengthLimit = MostBytes,
                KeyLengthLimit = MostNameCharacters,
                MultipartBodyLengthLimit = MostBytes,
                ValueCountLimit = MostValues,
                ValueLengthLimit = MostBytes,
            };
            request.HttpContext.Features.Set<IFormFeature>(new FormFeature(request, limits));
            foreach ((string name, StringValues values) in await request.ReadFormAsync(cancellation)) Add(name, values);
        }
        else if (request.HasJsonContentType())
        {
            using JsonDocument json = await JsonDocument.ParseAsync(request.Body, new JsonDocumentOptions { MaxDepth = MostDepth }, cancellation);
            foreach (JsonProperty member in json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.EnumerateObject() : throw new JsonException())
                if (member.Value.ValueKind == JsonValueKind.Array) Add(member.Name, new StringValues([.. member.Value.EnumerateArray().Select(TextOf)]));
                else Add(member.Name, TextOf(member.Value));
        }
        else if (await request.Body.ReadAsync(new byte[1], cancellation) > 0)
        {
            throw GraphRefusal.BadParameter("The body's Content-Type is none of application/x-www-form-urlencoded, multipart/form-data and application/json.");
        }
    }

    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw new JsonException(),
    };

    private void Add(string name, StringValues values)
    {
        foreach (string? value in values)
        {
            if (value is null) continue;
            if (++_count > MostValues) throw GraphRefusal.BadParameter($"There are more than {MostValues:#,0} values.");
            if (!_values.TryGetValue(name, out List<string>? all)) _values.Add(name, all = []);
            all.Add(value);
        }
    }
}
