// The steps from a file to a model that is used, as the page asks for them.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>
#include <tuple>

#include "core/folder_lock.h"
#include "studio/archive.h"
#include "studio/corrected_data.h"
#include "studio/opened.h"
#include "studio/steps.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using testing::Opened;
using ::testing::StartsWith;

// What a job comes to that is asked for until it has ended.
OrderedJson ended(Opened& opened, const std::string& path, const OrderedJson& body) {
  OrderedJson answer = opened.json(path, body.dump());
  for (int i = 0; i < 6000 && answer.at("state") == "running"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    answer = opened.json(path, body.dump());
  }
  return answer;
}

OrderedJson preview(Opened& opened, const std::string& id, const std::string& name) {
  return opened.json(Opened::path_of(id, "files/preview"), OrderedJson({{"name", name}}).dump());
}

TEST(StudioPreview, TheFirstRowsAndWhatTheyAreTakenFor) {
  Opened opened;
  const std::string id = opened.create();
  const std::string name = opened.send(
      id, "t.csv",
      "id,message,category\n1,\"שלום, \"\"you\"\"\",grüße\n2,你好 世界 this is long,b\n3,c d e f g,b\n");
  const OrderedJson view = preview(opened, id, name);
  EXPECT_FALSE(view.contains("error")) << view.dump();
  EXPECT_EQ(view.at("task"), "text-classification");
  EXPECT_EQ(view.at("columns").at(1).at("name"), "message");
  EXPECT_EQ(view.at("columns").at(1).at("role"), "text");
  EXPECT_EQ(view.at("columns").at(2).at("role"), "label");
  EXPECT_EQ(view.at("rows").at(0).at(1), "שלום, \"you\"");
  EXPECT_EQ(view.at("rows").at(0).at(2), "grüße");
  EXPECT_EQ(view.at("rows").size(), 3U);
}

TEST(StudioPreview, AFirstRowThatLooksLikeANumberOfAColumnIsARow) {
  Opened opened;
  const std::string id = opened.create();
  const OrderedJson view =
      preview(opened, id, opened.send(id, "t.csv", "1,a b\n0,c d\n1,e f\n0,g h\n1,i j\n"));
  EXPECT_EQ(view.at("columns").at(0).at("name"), "1") << view.dump();
  EXPECT_EQ(view.at("columns").at(1).at("name"), "2");
  EXPECT_EQ(view.at("rows").size(), 5U);
  EXPECT_EQ(view.at("rows").at(0).dump(), R"(["1","a b"])");
}

TEST(StudioPreview, OtherTasksAndFormats) {
  Opened opened;
  const std::string id = opened.create();
  const OrderedJson tagged =
      preview(opened, id, opened.send(id, "n.conll", "Anna B-PER\nsleeps O\n\nBob B-PER\n"));
  EXPECT_EQ(tagged.at("task"), "token-classification");
  EXPECT_EQ(tagged.at("lines").at(0), "Anna B-PER");
  const OrderedJson json = preview(opened, id,
                                   opened.send(id, "j.jsonl",
                                               R"({"text":"a","label":"b","more":{"x":1}})"
                                               "\n"));
  EXPECT_EQ(json.at("columns").at(1).at("role"), "label");
  EXPECT_EQ(json.at("rows").at(0).at(2), "{…}");
}

TEST(StudioPreview, BadFilesSayWhatIsWrongInTheProjectsWords) {
  Opened opened;
  const std::string id = opened.create();
  const auto error = [&](const std::string& name, const std::string& content) {
    return preview(opened, id, opened.send(id, name, content)).value("error", std::string("none"));
  };
  EXPECT_THAT(error("a.xlsx", std::string("PK\x03\x04 and more bytes", 20)), HasSubstr("data/a.xlsx"));
  EXPECT_THAT(error("empty.csv", "\n\n"), StartsWith("data/empty.csv"));
  EXPECT_NE(error("binary.csv", std::string("\0\1\2\3\0\0\0\0", 8)), "none");
}

TEST(StudioSteps, FromAFileToAModelThatIsUsed) {
  Opened opened;
  const std::string id = opened.prepared();
  const auto path = [&](const std::string& rest) { return Opened::path_of(id, rest); };

  opened.json(path("check"), "{}");
  EXPECT_EQ(opened.wait_for_job(id, "check").at("jobs").at("check").at("state"), "done");
  EXPECT_EQ(opened.json(path("check")).at("sets").at(0).at("rows"), 96);
  opened.json(path("plan"), "{}");
  opened.wait_for_job(id, "plan");
  EXPECT_GT(opened.json(path("plan")).at("total_steps").get<int>(), 0);
  EXPECT_FALSE(std::filesystem::exists(opened.folder(id) / "run-0"));

  EXPECT_EQ(opened.json(path("runs"), "{}").at("run"), "run-1");
  const OrderedJson done = opened.wait_for_run(id, "done");
  const OrderedJson& run = done.at("runs").at(0);
  EXPECT_EQ(run.at("headline").at("of"), 32);
  EXPECT_EQ(run.at("progress").at("phase"), "reporting");
  EXPECT_EQ(run.at("progress").at("step"), run.at("progress").at("total_steps"));
  EXPECT_EQ(run.at("progress").at("evaluations").size(), 1U);
  EXPECT_EQ(opened.json(path("runs/run-1/report")).at("headline").at("of"), 32);
  EXPECT_THAT(opened.ask(path("runs/run-1/report.html")).body, HasSubstr("<!DOCTYPE html>"));

  const OrderedJson answer = opened.json(path("runs/run-1/ask"), R"({"text":"the film\nwas <b>good</b>"})");
  EXPECT_TRUE(answer.at("label") == "positive" || answer.at("label") == "negative");
  EXPECT_EQ(answer.at("explanation").at("words").at(0).at("text"), "the");
  EXPECT_EQ(opened.status(path("runs/run-1/ask"), R"({"text":""})"), 422);
  EXPECT_EQ(opened.status(path("runs/run-1/ask"), R"({"text":7})"), 422);
  EXPECT_EQ(opened.status(path("runs/run-9/ask"), R"({"text":"x"})"), 404);

  const std::string file = opened.send(id, "new.csv", "text\nthe film was good\nthe food was bad\n");
  const OrderedJson labelled = ended(opened, path("runs/run-1/label"), {{"name", file}});
  EXPECT_EQ(labelled.at("preview").at("rows").size(), 2U) << labelled.dump();
  EXPECT_EQ(opened.ask(path("labelled.csv")).status, 200);
}

TEST(StudioSteps, FewLabelsAreLearnedAnotherWayAndMoreOfThemSuggested) {
  Opened opened;
  const std::string id = opened.prepared();
  const auto path = [&](const std::string& rest) { return Opened::path_of(id, rest); };
  opened.json(path("plan"), "{}");
  opened.wait_for_job(id, "plan");
  EXPECT_TRUE(opened.json(path("plan")).at("few_rows"));
  opened.json(path("settings"), R"({"training":{"method":"frozen","long_text":"head-tail"}})");
  opened.json(path("runs"), "{}");
  const OrderedJson done = opened.wait_for_run(id, "done");
  EXPECT_EQ(done.at("runs").at(0).at("options").at("long-text"), "head-tail");
  EXPECT_EQ(studio::json_in(opened.folder(id) / "run-1/bertune.json").at("method"), "frozen");

  const OrderedJson curve = ended(opened, path("runs/run-1/curve"), OrderedJson::object());
  EXPECT_EQ(curve.at("result").at("train_rows"), 96) << curve.dump();
  EXPECT_EQ(curve.at("result").at("measured_rows"), 32);
  EXPECT_TRUE(std::filesystem::exists(opened.folder(id) / "run-1/curve.json"));

  const std::string file =
      opened.send(id, "new.csv", "text\nthe film was good\nthe food was bad\nnot so good\n");
  const OrderedJson chosen = ended(opened, path("runs/run-1/suggest"), {{"name", file}, {"count", 2}});
  EXPECT_EQ(chosen.at("preview").at("rows").size(), 2U) << chosen.dump();
  EXPECT_EQ(opened.ask(path("suggested.csv")).status, 200);
  for (const char* body : {R"({"name":"new.csv","count":0})", R"({"name":"new.csv"})", R"({"count":2})"})
    EXPECT_EQ(opened.status(path("runs/run-1/suggest"), body), 422) << body;
  EXPECT_EQ(opened.status(path("runs/run-9/curve"), "{}"), 404);
}

TEST(StudioSteps, AJobThatFailedIsBegunAgainOnlyWhereThatIsWanted) {
  Opened opened;
  const std::string id = opened.create(), project = "projects/" + id;
  opened.files.write(project + "/run-1.json", "{}");  // a training without a model
  opened.files.write(project + "/run-2.json", "{}");
  const std::string file = opened.send(id, "new.csv", "text\ngood\n");
  const auto failed = [&](const std::string& path, const OrderedJson& body) {
    return ended(opened, Opened::path_of(id, path), body).at("state") == "failed";
  };
  for (const auto& [path, job, body] :
       {std::tuple("runs/run-1/label", "label", OrderedJson({{"name", file}})),
        std::tuple("compare/run-1/run-2", "compare-run-1-run-2", OrderedJson::object())}) {
    EXPECT_TRUE(failed(path, body)) << path;
    const std::string log = project + "/.studio/" + job + ".log", mark = "a start makes it anew";
    opened.files.write(log, mark);
    EXPECT_TRUE(failed(path, body)) << path;
    EXPECT_EQ(opened.files.read(log), mark) << path;
    OrderedJson again = body;
    again["again"] = true;
    opened.json(Opened::path_of(id, path), again.dump());
    EXPECT_TRUE(failed(path, body)) << path;
    EXPECT_NE(opened.files.read(log), mark) << path;
  }
}

TEST(StudioSteps, ALabeledFileIsOfTheModelThatLabeledIt) {
  EXPECT_EQ(studio::label_job("run-1", "data/new.csv").files,
            (std::vector<std::string>{"data/new.csv", "run-1/bertune.json"}));
}

TEST(StudioSteps, ACurveIsOfTheTrainingWhoseReportHasIt) {
  EXPECT_EQ(studio::curve_job("run-1", {{"train", "data/train.csv"}}).files,
            (std::vector<std::string>{"run-1/bertune.json", "data/train.csv"}));
}

TEST(StudioSteps, BeforeAFileAndAModelThereIsNothingToDo) {
  Opened opened;
  const std::string id = opened.create();
  for (const char* step : {"check", "plan", "noise", "runs"})
    EXPECT_EQ(opened.status(Opened::path_of(id, step), "{}"), 422) << step;
  opened.send(id, "train.csv", testing::tiny_dataset(8));
  for (const char* step : {"plan", "noise", "runs"})
    EXPECT_EQ(opened.status(Opened::path_of(id, step), "{}"), 422) << step;
}

TEST(StudioSteps, AFileThatCannotBeReadFailsItsCheckAndNothingElse) {
  Opened opened;
  const std::string id = opened.create();
  opened.send(id, "train.csv", "text,label\na,b\nc,d,e,f,\"\n");
  opened.json(Opened::path_of(id, "check"), "{}");
  const OrderedJson check = opened.wait_for_job(id, "check").at("jobs").at("check");
  EXPECT_EQ(check.at("state"), "failed");
  EXPECT_THAT(check.at("error").get<std::string>(), StartsWith("data/train.csv:"));
  // Another choice is another check.
  const OrderedJson other = opened.json(Opened::path_of(id, "settings"), R"({"max_bad_rows":10})");
  EXPECT_EQ(other.at("jobs").at("check").at("state"), "none");
}

TEST(StudioSteps, ResultsOutliveTheStudio) {
  Opened opened;
  const std::string id = opened.prepared();
  opened.json(Opened::path_of(id, "check"), "{}");
  opened.wait_for_job(id, "check");
  opened.open();
  EXPECT_EQ(opened.studio->snapshot(id).at("jobs").at("check").at("state"), "done");
  opened.files.write("projects/" + id + "/data/train.csv", testing::tiny_dataset(50));
  EXPECT_EQ(opened.studio->snapshot(id).at("jobs").at("check").at("state"), "none");
}

TEST(StudioRuns, ATrainingThatIsStoppedGoesOnWhereItWas) {
  Opened opened;
  const std::string id = opened.prepared(400);
  const auto act = [&](const std::string& what) {
    return opened.status(Opened::path_of(id, "runs/run-1/" + what), "{}");
  };
  opened.json(Opened::path_of(id, "runs"), "{}");
  EXPECT_EQ(opened.status(Opened::path_of(id, "runs"), "{}"), 409);  // another browser
  opened.wait(id, [](const OrderedJson& now) {
    return now.at("runs").at(0).at("progress").at("step").get<int>() > 5;
  });
  EXPECT_EQ(act("remove"), 409);
  EXPECT_EQ(act("stop"), 200);
  EXPECT_EQ(act("stop"), 200);
  const int step = opened.wait_for_run(id, "stopped").at("runs").at(0).at("progress").at("step");
  EXPECT_GT(step, 5);
  opened.open();  // which does not go on with what was stopped
  EXPECT_EQ(opened.studio->snapshot(id).at("runs").at(0).at("state"), "stopped");
  EXPECT_EQ(act("resume"), 200);
  EXPECT_EQ(act("resume"), 409);
  opened.wait(id, [&](const OrderedJson& now) {
    return now.at("runs").at(0).at("progress").at("step").get<int>() > step;
  });
  act("stop");
  opened.wait_for_run(id, "stopped");
  EXPECT_EQ(act("remove"), 200);
  EXPECT_TRUE(opened.studio->snapshot(id).at("runs").empty());
  EXPECT_FALSE(std::filesystem::exists(opened.folder(id) / "run-1"));
}

TEST(StudioRuns, ATrainingOutlivesTheStudioAndIsFoundAgain) {
  Opened opened;
  const std::string id = opened.prepared(400);
  opened.json(Opened::path_of(id, "runs"), "{}");
  const auto has_begun = [](const OrderedJson& now) {
    return now.at("runs").at(0).at("progress").at("step").get<int>() > 5;
  };
  opened.wait(id, has_begun);
  opened.open();
  EXPECT_EQ(opened.studio->snapshot(id).at("runs").at(0).at("state"), "running");
  // Killed, it is gone on with when the studio starts again.
  const std::optional<int> process = FolderLock::holder(opened.folder(id) / "run-1");
  ASSERT_TRUE(process && *process > 1);
  ::kill(*process, SIGKILL);
  opened.wait_for_run(id, "stopped");
  opened.open();
  EXPECT_EQ(opened.studio->snapshot(id).at("runs").at(0).at("state"), "running");
  opened.wait(id, [&](const OrderedJson& now) {
    return now.at("runs").at(0).at("state") == "running" && has_begun(now);
  });
  opened.status(Opened::path_of(id, "runs/run-1/stop"), "{}");
  opened.wait_for_run(id, "stopped");
}

TEST(StudioRuns, ATrainingIsEndedAndItsBestModelKept) {
  Opened opened;
  const std::string id = opened.prepared(400);
  const auto finish = [&] { return opened.status(Opened::path_of(id, "runs/run-1/finish"), "{}"); };
  opened.json(Opened::path_of(id, "runs"), "{}");
  opened.wait(id, [](const OrderedJson& now) {
    return !now.at("runs").at(0).at("progress").at("evaluations").empty();
  });
  EXPECT_EQ(finish(), 200);
  EXPECT_EQ(opened.studio->snapshot(id).at("runs").at(0).at("state"), "finishing");
  EXPECT_EQ(finish(), 200);
  EXPECT_EQ(opened.status(Opened::path_of(id, "runs"), "{}"), 409);
  opened.open();  // which it does not need
  EXPECT_EQ(opened.studio->snapshot(id).at("runs").at(0).at("state"), "finishing");
  const OrderedJson run = opened.wait_for_run(id, "done").at("runs").at(0), progress = run.at("progress");
  EXPECT_LT(progress.at("step").get<int>(), progress.at("total_steps").get<int>());
  EXPECT_TRUE(run.contains("headline"));
  EXPECT_THAT(progress.at("notes").back().get<std::string>(), HasSubstr("by `finish`"));
  EXPECT_EQ(finish(), 409);
}

TEST(StudioRuns, AStoppedTrainingIsEndedByTheNextStudioToo) {
  Opened opened;
  const std::string id = opened.prepared(400);
  opened.json(Opened::path_of(id, "runs"), "{}");
  opened.wait(id, [](const OrderedJson& now) {
    return now.at("runs").at(0).at("progress").at("step").get<int>() > 5;
  });
  opened.status(Opened::path_of(id, "runs/run-1/stop"), "{}");
  opened.wait_for_run(id, "stopped");
  opened.files.write("projects/" + id + "/.studio/run-1.wanted", "finish");  // as the power went
  opened.open();
  EXPECT_EQ(opened.studio->snapshot(id).at("runs").at(0).at("state"), "finishing");
  opened.wait_for_run(id, "done");
}

TEST(StudioRuns, ASearchIsATrainingWithTrials) {
  Opened opened;
  const std::string id = opened.prepared();
  const auto act = [&](const std::string& what) { return opened.status(Opened::path_of(id, what), "{}"); };
  opened.json(Opened::path_of(id, "settings"), R"({"training":{"search_minutes":0.1}})");
  act("plan");
  EXPECT_EQ(opened.wait_for_job(id, "plan").at("jobs").at("plan").at("state"), "done");
  act("runs");
  const OrderedJson begun = opened.wait(id, [](const OrderedJson& now) {
    const OrderedJson& run = now.at("runs").at(0);
    return !run.at("search").is_null() && run.at("search").at("trials").size() > 1;
  });
  EXPECT_EQ(begun.at("runs").at(0).at("options").at("budget"), "6s");
  EXPECT_EQ(begun.at("runs").at(0).at("search").at("budget"), 6);
  EXPECT_EQ(act("runs/run-1/finish"), 409);
  EXPECT_EQ(act("runs/run-1/stop"), 200);
  const OrderedJson ended = opened.wait(id, [](const OrderedJson& now) {
    return now.at("runs").at(0).at("state") == "stopped" || now.at("runs").at(0).at("state") == "done";
  });
  const bool was_stopped = ended.at("runs").at(0).at("state") == "stopped";
  EXPECT_EQ(act("runs/run-1/resume"), was_stopped ? 200 : 409);
  const OrderedJson done = opened.wait_for_run(id, "done").at("runs").at(0);
  EXPECT_EQ(done.at("search").at("finished"), true);
  EXPECT_EQ(done.at("search").at("trials").at(0).at("outcome"), "finished");
  EXPECT_EQ(done.at("headline").at("of"), 32);
  EXPECT_EQ(act("runs/run-1/resume"), 409);
}

// As a crash leaves it while the search puts its best model in place.
TEST(StudioRuns, ASearchIsDoneWhenItSaysSo) {
  Opened opened;
  const std::string id = opened.create(), run = "projects/" + id + "/run-1";
  opened.files.write(run + ".json", R"({"budget":"60s"})");
  opened.files.write(run + "/all_results.json", "{}");
  const auto state = [&](const char* finished) {
    opened.files.write(run + "/tuning.json", std::string(R"({"trials":[],"finished":)") + finished + "}");
    opened.open();
    return opened.studio->snapshot(id).at("runs").at(0).at("state");
  };
  EXPECT_EQ(state("false"), "stopped");
  EXPECT_EQ(state("true"), "done");
}

TEST(StudioRuns, AKilledTrainingSaysSo) {
  Opened opened;
  const std::string id = opened.prepared(400);
  opened.json(Opened::path_of(id, "runs"), "{}");
  const OrderedJson now = opened.wait(id, [&](const OrderedJson&) {
    return FolderLock::holder(opened.folder(id) / "run-1").value_or(0) > 1;
  });
  ::kill(*FolderLock::holder(opened.folder(id) / "run-1"), SIGKILL);
  EXPECT_THAT(opened.wait_for_run(id, "stopped").at("runs").at(0).at("error").get<std::string>(),
              HasSubstr("signal 9"));
}

TEST(StudioRuns, OneTrainingGoesOnAfterARestart) {
  Opened opened;
  const std::string id = opened.prepared(400);
  const auto lives = [&](const char* run) {
    return FolderLock::holder(opened.folder(id) / run).value_or(0) > 1;
  };
  opened.json(Opened::path_of(id, "runs"), "{}");
  opened.wait(id, [&](const OrderedJson&) { return lives("run-1"); });
  ::kill(*FolderLock::holder(opened.folder(id) / "run-1"), SIGKILL);
  opened.wait_for_run(id, "stopped");
  EXPECT_EQ(opened.json(Opened::path_of(id, "runs"), "{}").at("run"), "run-2");
  opened.wait(id, [&](const OrderedJson&) { return lives("run-2"); });
  opened.open();
  const OrderedJson now = opened.studio->snapshot(id);
  EXPECT_EQ(now.at("runs").at(0).at("state"), "stopped");
  EXPECT_EQ(now.at("runs").at(1).at("state"), "running");
  opened.status(Opened::path_of(id, "runs/run-2/stop"), "{}");
  opened.wait_for_run(id, "stopped");
}

TEST(StudioRuns, ATrainingThatCannotBeginSaysWhy) {
  Opened opened;
  const std::string id = opened.prepared();
  opened.json(Opened::path_of(id, "settings"), R"({"model":"/nowhere/at/all"})");
  opened.json(Opened::path_of(id, "runs"), "{}");
  EXPECT_THAT(opened.wait_for_run(id, "failed").at("runs").at(0).at("error").get<std::string>(),
              HasSubstr("/nowhere/at/all"));
}

// What is said of a training that has ended is kept, until its folder changes.
TEST(StudioRuns, ATrainingThatWasGoneOnWithElsewhereIsLookedAtAgain) {
  Opened opened;
  const std::string id = opened.create(), project = "projects/" + id;
  opened.files.write(project + "/run-1.json", "{}");
  opened.files.write(project + "/run-1/checkpoint-1/trainer_state.json", "{}");
  const auto run = [&] { return opened.json(Opened::path_of(id)).at("runs").at(0); };
  EXPECT_EQ(run().at("state"), "stopped");
  EXPECT_EQ(run(), run());
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the clock of a file system is coarse
  opened.files.write(project + "/run-1/all_results.json", "{}");
  opened.files.write(project + "/run-1/report.html", "");
  EXPECT_EQ(run().at("state"), "done");
  EXPECT_EQ(run().at("has_report"), true);
}

// A log holds what libraries write too, and its error is at the end.
TEST(StudioRuns, ALongLogSaysWhatWentWrong) {
  Opened opened;
  const std::string id = opened.create(), log = "projects/" + id + "/.studio/run-1.log";
  opened.files.write("projects/" + id + "/run-1.json", "{}");
  opened.files.write(log, "error: of an earlier start\n" + std::string(3 << 20, 'x') + "\nerror: it broke\n");
  const OrderedJson run = opened.json(Opened::path_of(id)).at("runs").at(0);
  EXPECT_EQ(run.at("state"), "failed");
  EXPECT_EQ(run.at("error"), "it broke");
  EXPECT_EQ(studio::log_in(opened.files.path() / log).size(), std::size_t{1} << 20);
  EXPECT_EQ(studio::log_in(opened.files.path() / "nothing.log"), "");
}

// Of memory, no more is taken than was said.
TEST(StudioRuns, WhatACommandSaysIsCutToItsBeginningAndItsLogToItsEnd) {
  const std::string script =
      "head -c 70000 /dev/zero; head -c 2000000 /dev/zero >&2; echo >&2; echo 'error: full' >&2";
  studio::Child child({.program = "/bin/sh", .arguments = {"-c", script}, .folder = "/"});
  while (!child.code()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(child.out(65536).size(), 65536U);
  EXPECT_EQ(child.out(1 << 20).size(), 70000U);
  EXPECT_EQ(child.log().size(), std::size_t{1} << 20);
  EXPECT_EQ(studio::error_in(child.log()), "full");
}

TEST(StudioRuns, TwoBrowsersSeeTheSame) {
  Opened opened;
  const std::string id = opened.prepared();
  const auto first = opened.ask(Opened::path_of(id, "events")),
             second = opened.ask(Opened::path_of(id, "events"));
  EXPECT_EQ(first.type, "text/event-stream");
  const std::string said = first.more().value();
  EXPECT_THAT(said, StartsWith("data: {"));
  EXPECT_EQ(second.more().value(), said);
  EXPECT_EQ(first.more().value(), "");  // nothing has changed
  opened.json(Opened::path_of(id, "settings"), R"({"name":"Others"})");
  EXPECT_THAT(first.more().value(), HasSubstr("Others"));
  EXPECT_THAT(second.more().value(), HasSubstr("Others"));
  opened.status(Opened::path_of(id, "remove"), "{}");
  EXPECT_EQ(first.more(), std::nullopt);
}

TEST(StudioLabels, CorrectionsAreTrainedWith) {
  Opened opened;
  const std::string id = opened.prepared();
  const auto path = [&](const std::string& rest) { return Opened::path_of(id, rest); };
  std::string wrong = testing::tiny_dataset(96);
  for (const int row : {10, 20, 30}) {  // the label of some rows is turned
    std::size_t at = 0;
    for (int line = 0; line < row; ++line) at = wrong.find('\n', at) + 1;
    const std::size_t comma = wrong.find(',', at), end = wrong.find('\n', at);
    wrong.replace(comma + 1, end - comma - 1, wrong[comma + 1] == 'p' ? "negative" : "positive");
  }
  opened.files.write("projects/" + id + "/data/train.csv", wrong);
  EXPECT_EQ(opened.status(path("corrections"), R"({"data/train.csv:2":"drop"})"), 409);
  opened.json(path("noise"), "{}");
  EXPECT_EQ(opened.wait_for_job(id, "noise").at("jobs").at("noise").at("state"), "done");
  const OrderedJson noise = opened.json(path("noise"));
  ASSERT_FALSE(noise.at("ranked").empty());
  const std::string where = noise.at("ranked").at(0).at("where"),
                    other = noise.at("ranked").at(0).at("suggested");
  EXPECT_EQ(opened.status(path("corrections"), R"({"/etc/passwd:1":"drop"})"), 422);
  EXPECT_EQ(opened.json(path("corrections"), OrderedJson({{where, other}}).dump()).at(where).at("correct"),
            other);
  EXPECT_THAT(opened.files.read("projects/" + id + "/corrections.csv"), HasSubstr("\n" + where + ","));
  // They are no part of what can be made again.
  std::filesystem::rename(opened.folder(id) / ".studio", opened.folder(id) / "away");
  EXPECT_EQ(opened.json(path("corrections")).at(where).at("correct"), other);
  std::filesystem::rename(opened.folder(id) / "away", opened.folder(id) / ".studio");
  opened.json(path("runs"), "{}");
  const OrderedJson run = opened.wait_for_run(id, "done").at("runs").at(0);
  EXPECT_EQ(run.at("options").at("relabel"), "run-1.corrections.csv");
  opened.json(path("corrections"), OrderedJson({{where, "drop"}}).dump());
  const serve::HttpResponse corrected = opened.ask(path("corrected.csv"));
  std::string all;
  for (std::optional<std::string> part; (part = corrected.more());) all += *part;
  EXPECT_THAT(all, StartsWith("text,label\n"));
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 96);  // the header, and a row less
  opened.json(path("corrections"), OrderedJson({{where, ""}}).dump());
  for (const char* file : {"corrections.csv", "corrections.json"})
    EXPECT_FALSE(std::filesystem::exists(opened.folder(id) / file)) << file;
}

TEST(StudioArchive, AFolderAsTar) {
  const testing::TemporaryDirectory files;
  files.write("run/config.json", "{}");
  files.write("run/model.bin", std::string(1500000, 'x'));
  files.write("run/checkpoint-3/model.bin", "left out");
  files.write("run/.lock", "7");
  studio::Archive archive(files.path() / "run", "films-run-1");
  std::string tar;
  for (std::string part; !(part = archive.next()).empty();) tar += part;
  EXPECT_EQ(tar.size(), archive.bytes());
  files.write("films.tar", tar);
  const std::string command = "cd " + files.path().string() +
                              " && tar -xf films.tar && cmp run/model.bin films-run-1/model.bin && "
                              "test $(find films-run-1 -type f | wc -l) = 2";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(StudioLabels, CorrectedDataKeepsAllColumns) {
  Opened opened;
  const std::string id = opened.create();
  opened.send(id, "t.csv", "id;text;label\n1;\"a;b, \"\"c\"\"\";x\n2;d e;y\n3;f g;x\n");
  const OrderedJson corrections = {{"data/t.csv:2", {{"correct", "y,z"}}},
                                   {"data/t.csv:3", {{"correct", "drop"}}}};
  studio::CorrectedData data(opened.folder(id), "data/t.csv", opened.studio->projects().settings(id),
                             corrections);
  EXPECT_EQ(data.next(), "id,text,label\n1,\"a;b, \"\"c\"\"\",\"y,z\"\n3,f g,x\n");
  EXPECT_EQ(data.next(), "");
  const std::string lines = opened.send(id, "n.conll", "Anna B-PER\n\nBob B-PER\n");
  EXPECT_THROW(studio::CorrectedData(opened.folder(id), "data/" + lines,
                                     opened.studio->projects().settings(id), corrections),
               serve::Refusal);
}

TEST(StudioLabels, CorrectedDataWithoutAHeaderKeepsItsFirstRow) {
  Opened opened;
  const std::string id = opened.create();
  opened.send(id, "t.csv", "1,a b\n0,c d\n1,e f\n0,g h\n1,i j\n");
  const OrderedJson corrections = {{"data/t.csv:1", {{"correct", "0"}}},
                                   {"data/t.csv:3", {{"correct", "drop"}}}};
  studio::CorrectedData data(opened.folder(id), "data/t.csv", opened.studio->projects().settings(id),
                             corrections);
  EXPECT_EQ(data.next(), "0,a b\n0,c d\n0,g h\n1,i j\n");
  EXPECT_EQ(data.next(), "");
}

}  // namespace
}  // namespace bertune
