using System.Net;
using System.Net.Http.Headers;
using CertHerald.Access;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Access;

public sealed class LocalKeyReviewTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_ten_wrong_keys_an_address_is_told_to_wait_unless_it_brings_a_right_one()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        using var client = new HttpClient { BaseAddress = rig.Address };
        string right = rig.Services.GetRequiredService<LocalKey>().Text;

        string made = (await rig.AskAsync(HttpMethod.Post, "/api/api-keys", new { name = "x", scopes = new[] { "read" } })).Json.GetProperty("key").GetString()!;
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(right));
        for (int i = 0; i < FailedSignIns.Allowed - 1; i++) Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("wrong"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync("wrong"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(right));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(made));
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync(made[..^1] + (made[^1] == 'A' ? 'Q' : 'A')));

        rig.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("wrong"));

        async Task<HttpStatusCode> StatusAsync(string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/logs");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using HttpResponseMessage answer = await client.SendAsync(request, Cancellation);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests) Assert.NotNull(answer.Headers.RetryAfter);
            return answer.StatusCode;
        }
    }
}
