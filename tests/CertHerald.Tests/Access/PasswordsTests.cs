using System.Net;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Access;
using CertHerald.Storage;
using CertHerald.Tests.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace CertHerald.Tests.Access;

public sealed class PasswordsTests
{
    private const string Right = "four words make one";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void E14_Rule_11_3_What_is_kept_of_a_password_is_PBKDF2_with_600000_rounds_and_a_salt_of_its_own()
    {
        string[] kept = Passwords.Hash(Right).Split('$');

        Assert.Equal(("pbkdf2-sha256", "600000"), (kept[0], kept[1]));
        Assert.Equal(Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(Right), Convert.FromBase64String(kept[2]), 600_000, HashAlgorithmName.SHA256, 32), Convert.FromBase64String(kept[3]));
        Assert.NotEqual(kept[2], Passwords.Hash(Right).Split('$')[2]);
    }

    [Fact]
    public void A_password_fits_itself_however_its_characters_are_typed_and_nothing_else()
    {
        string kept = Passwords.Hash("Caf\u00E9 au lait, twice");

        Assert.True(Passwords.Fits("Cafe\u0301 au lait, twice", kept));
        Assert.False(Passwords.Fits("Cafe au lait, twice", kept));
        Assert.False(Passwords.Fits("\uD800", kept));
        Assert.False(Passwords.Fits("", null));
    }

    [Theory]
    [InlineData(null, "at least")]
    [InlineData("eleven char", "at least")]
    [InlineData("half a character \uD800", "Unicode")]
    public void A_password_that_cannot_be_set_is_refused_with_the_reason(string? password, string reason) => Assert.Contains(reason, Passwords.ProblemOf(password));

    [Fact]
    public async Task E14_Rule_11_3_A_user_signs_in_with_a_password_and_a_wrong_one_counts_as_a_failure()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Answer made = await SetAsync(rig, "alice", Right);
        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.DoesNotContain("pbkdf2", made.Text);
        Assert.DoesNotContain("pbkdf2", (await rig.AskAsync(HttpMethod.Get, "/api/users")).Text);

        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(rig, "alice", "four words make two")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(rig, "bob", Right)).Status);
        Assert.Null(rig.SessionCookie);

        Answer answer = await SignInAsync(rig, "alice", Right);
        Assert.Equal((HttpStatusCode.SeeOther, "/console/logs"), (answer.Status, answer.Location));
        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/console")).Status);
    }

    [Fact]
    public async Task E14_Rule_11_3_A_new_password_ends_the_sessions_of_its_user_and_of_nobody_else()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await SetAsync(rig, "alice", Right);
        await SignInAsync(rig, "alice", Right);
        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.GetAsync("/console")).Status);
        await rig.Store.AddSessionAsync([7], rig.Time.GetUtcNow(), rig.Time.GetUtcNow().AddDays(1), Cancellation);

        Assert.Equal(HttpStatusCode.OK, (await SetAsync(rig, "alice", Right + " more")).Status);

        Assert.Equal(HttpStatusCode.Redirect, (await rig.Browser.GetAsync("/console")).Status);
        Assert.NotNull(await rig.Store.FindSessionAsync([7], rig.Time.GetUtcNow(), Sessions.Idle, Cancellation));
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(rig, "alice", Right)).Status);
        await SignInAsync(rig, "alice", Right + " more");
        Assert.Equal(HttpStatusCode.NoContent, (await rig.AskAsync(HttpMethod.Delete, "/api/users/alice")).Status);
        Assert.Equal(HttpStatusCode.Redirect, (await rig.Browser.GetAsync("/console")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.AskAsync(HttpMethod.Delete, "/api/users/alice")).Status);
    }

    [Fact]
    public async Task A_password_that_is_changed_while_it_is_checked_begins_no_session()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        var before = new StoredUser("alice", "hash before", rig.Time.GetUtcNow());
        await rig.Store.SetPasswordAsync(before, Cancellation);
        await rig.Store.SetPasswordAsync(before with { Password = "hash after" }, Cancellation);

        Assert.False(await rig.Store.AddSessionAsync([1], before, rig.Time.GetUtcNow(), rig.Time.GetUtcNow().AddDays(1), Cancellation));
        Assert.Null(await rig.Store.FindSessionAsync([1], rig.Time.GetUtcNow(), Sessions.Idle, Cancellation));
    }

    [Fact]
    public async Task E14_Rule_11_3_A_session_in_use_lasts_and_its_use_is_noted_at_most_once_a_minute()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        byte[] hash = SHA256.HashData(Encoding.ASCII.GetBytes(rig.SessionCookie!.Value));
        DateTimeOffset began = rig.Time.GetUtcNow();

        rig.Time.Advance(TimeSpan.FromSeconds(59));
        await rig.PageAsync("/console");
        Assert.Equal(began, await UsedAsync());
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        await rig.PageAsync("/console");
        Assert.Equal(began.AddMinutes(1), await UsedAsync());

        rig.Time.Advance(Sessions.Idle - TimeSpan.FromSeconds(1));
        await rig.PageAsync("/console");
        rig.Time.Advance(Sessions.Idle);
        Assert.Equal(HttpStatusCode.Redirect, (await rig.Browser.GetAsync("/console")).Status);

        async Task<DateTimeOffset?> UsedAsync() => (await rig.Store.FindSessionAsync(hash, rig.Time.GetUtcNow(), Sessions.Idle, Cancellation))?.Used;
    }

    [Fact]
    public async Task Many_wrong_passwords_at_once_get_no_more_tries_than_in_turn()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        string form = ConsoleRig.FormToken((await rig.Browser.GetAsync("/console/login")).Text);

        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i =>
            rig.Browser.PostAsync("/console/sign-in", ("form_token", form), ("user", "alice"), ("password", $"four words make {i}"))));

        Assert.InRange(answers.Count(answer => answer.Status == HttpStatusCode.Unauthorized), 1, FailedSignIns.Allowed);
        Assert.All(
            answers.Where(answer => answer.Status != HttpStatusCode.Unauthorized),
            answer =>
            {
                Assert.True(answer.Status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable, answer.Status.ToString());
                Assert.NotNull(answer.Headers.RetryAfter);
            });
    }

    [Fact]
    public async Task Beyond_eight_who_wait_nobody_is_checked()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        Users users = rig.Services.GetRequiredService<Users>();
        Task<(StoredUser? User, bool IsBusy)>[] checks = [.. Enumerable.Range(0, 12).Select(_ => users.CheckAsync("alice", Right, Cancellation))];

        Assert.Equal(3, (await Task.WhenAll(checks)).Count(check => check.IsBusy));
        Assert.False((await users.CheckAsync("alice", Right, Cancellation)).IsBusy);
    }

    [Theory]
    [InlineData("..", false)]
    [InlineData(".", false)]
    [InlineData("-alice", false)]
    [InlineData("7.alice@example.com", true)]
    public void A_user_name_begins_with_a_letter_or_digit(string name, bool isOne) => Assert.Equal(isOne, Users.ProblemOfName(name) is null);

    private static Task<Answer> SetAsync(ConsoleRig rig, string name, string password) =>
        rig.AskAsync(HttpMethod.Put, $"/api/users/{name}/password", new { password });

    private static async Task<Answer> SignInAsync(ConsoleRig rig, string name, string password)
    {
        string page = (await rig.Browser.GetAsync("/console/login")).Text;
        return await rig.Browser.PostAsync("/console/sign-in",
            ("form_token", ConsoleRig.FormToken(page)), ("user", name), ("password", password), ("return", "/console/logs"));
    }
}
